// SPDX-License-Identifier: MIT
package io.goinfer.launcher;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** A relay here, and {@link Namespaces} with a node and a simulated llama-server on a machine of their own. */
final class FarNode implements AutoCloseable {
    private static final int SLOTS = 1_000;

    private final Path folder;
    private final Namespaces net;
    private final Processes processes;
    private RelayProcess relay;

    private FarNode(Path folder, Namespaces net) {
        this.folder = folder;
        this.net = net;
        this.processes = new Processes(folder);
    }

    /** Skips the test where there are no namespaces. */
    static FarNode create(Path folder, int pathMtu) throws Exception {
        return new FarNode(folder, Namespaces.create(pathMtu));
    }

    void start() throws Exception {
        relay = RelayProcess.start(processes, folder, net.relay());
        onNode("llama.log", "bench", "backend", "--port", "8081", "--slots", Integer.toString(SLOTS));
    }

    /** Another node of that machine; they share its identity. */
    Process node(String... more) throws Exception {
        List<String> words = new ArrayList<>(List.of(
                "connect",
                relay.url(),
                "--state-dir",
                folder.resolve("node-state").toString(),
                "--token-file",
                relay.tokenFile(),
                "--backend",
                "sim=http://127.0.0.1:8081"));
        words.addAll(List.of(more));
        return onNode("node.log", words.toArray(String[]::new));
    }

    private Process onNode(String log, String... arguments) throws Exception {
        return processes.start(log, net.onNode(Processes.command(arguments)));
    }

    /** Milliseconds until the model is served. */
    long served(String body) throws IOException {
        return processes.untilServed("http://127.0.0.1:" + relay.port() + "/v1/chat/completions", relay.key(), body);
    }

    RelayProcess relay() {
        return relay;
    }

    Namespaces net() {
        return net;
    }

    Processes processes() {
        return processes;
    }

    @Override
    public void close() throws Exception {
        processes.close();
        net.close();
    }
}
