// SPDX-License-Identifier: MIT
package io.goinfer.launcher;

import io.goinfer.bench.FreePort;
import io.goinfer.bench.llama.SimulatedLlama;
import io.goinfer.bench.llama.Simulation;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.io.Writer;
import java.net.HttpURLConnection;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import picocli.CommandLine.Command;

/** A relay and a node of each transport in this process, and a request: what they load is what an archive of classes has to have ({@code ./goinfer}). */
@Command(
        name = "rehearse",
        hidden = true,
        description = "Load what the commands load, for an archive of classes; needs nothing and leaves nothing.",
        mixinStandardHelpOptions = true)
final class RehearseCommand implements Callable<Integer> {
    private static final int WAIT_SECONDS = 30;
    private static final int REQUESTS = 4;
    private static final int SLOW_MILLIS = 5_000;

    /** Block and flow, lists and comments: what a configuration may have in it. */
    private static final String CONFIG = """
            limits: {drain: 1s, streams: 64}
            server:
              origins: # two
                - "https://chat.example"
                - https://other.example
            """;

    @Override
    public Integer call() throws Exception {
        Path folder = Files.createTempDirectory("goinfer-rehearsal");
        try (SimulatedLlama llama = SimulatedLlama.start(Simulation.quick("sim"), 0)) {
            // Not what this machine is configured for.
            String config =
                    Files.writeString(folder.resolve("goinfer.yml"), CONFIG).toString();
            String relay = folder.resolve("relay").toString();
            int api = FreePort.find();
            int tunnel = FreePort.find();
            begin(
                    "serve",
                    "--config",
                    config,
                    "--state-dir",
                    relay,
                    "--listen",
                    "127.0.0.1:" + api + "=openai,admin",
                    "--listen",
                    "127.0.0.1:" + tunnel + "=tunnel");
            await(() -> healthy(api));
            for (String transport : List.of("quic", "tcp")) {
                Path token = folder.resolve("token-" + transport);
                Files.writeString(
                        token,
                        run("token", "create", "--config", config, "--state-dir", relay)
                                .text());
                begin(
                        "connect",
                        "https://127.0.0.1:" + tunnel,
                        "--config",
                        config,
                        "--state-dir",
                        folder.resolve(transport).toString(),
                        "--name",
                        transport,
                        "--transport",
                        transport,
                        "--token-file",
                        token.toString(),
                        "--backend",
                        llama.url());
                await(() -> run("nodes", "list", "--config", config, "--state-dir", relay)
                        .text()
                        .matches("(?s).*" + transport + " +connected.*"));
            }
            String key =
                    Files.readString(Path.of(relay, "relay", "first-admin-key")).strip();
            for (int i = 0; i < REQUESTS; i++) {
                DemoCommand.ask(nowhere(), "http://127.0.0.1:" + api + "/v1", key, "sim");
            }
            return 0;
        } finally {
            DemoCommand.delete(folder);
        }
    }

    private record Told(int status, String text) {}

    private static Told run(String... arguments) {
        StringWriter text = new StringWriter();
        int status = Goinfer.run(new PrintWriter(text, true), nowhere(), arguments);
        return new Told(status, text.toString());
    }

    /** Ends with the process. */
    private static void begin(String... arguments) {
        Thread thread = new Thread(() -> run(arguments), arguments[0]);
        thread.setDaemon(true);
        thread.start();
    }

    private static void await(BooleanSupplier condition) throws InterruptedException, IOException {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(WAIT_SECONDS);
        while (!condition.getAsBoolean()) {
            if (System.nanoTime() > end) {
                throw new IOException("the rehearsal did not come this far within " + WAIT_SECONDS + " s");
            }
            TimeUnit.MILLISECONDS.sleep(20);
        }
    }

    /** Whether /health of a relay on this machine is 200. Blocking. */
    static boolean healthy(int port) {
        try {
            HttpURLConnection call = (HttpURLConnection)
                    URI.create("http://127.0.0.1:" + port + "/health").toURL().openConnection();
            call.setReadTimeout(SLOW_MILLIS);
            return call.getResponseCode() == 200;
        } catch (IOException e) {
            return false;
        }
    }

    private static PrintWriter nowhere() {
        return new PrintWriter(Writer.nullWriter());
    }
}
