// SPDX-License-Identifier: MIT
package io.goinfer.launcher;

import static io.goinfer.tunnel.testing.Eventually.eventually;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.goinfer.bench.FreePort;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The real llama-server with a small GGUF under two names in one group, asked by eight clients at once. */
class RealGroupsTest {
    private static final int CLIENTS = 8;

    @TempDir
    Path folder;

    private Path server;
    private Path model;

    @BeforeEach
    void parts() {
        String given = System.getenv("GOINFER_TEST_PARTS");
        Path parts = given == null
                ? Path.of(System.getProperty("user.home"), ".cache", "goinfer-test-parts")
                : Path.of(given);
        server = parts.resolve("llama-server");
        model = parts.resolve("gemma-3-270m-q4_k_m.gguf");
        assumeTrue(
                Files.isExecutable(server) && Files.exists(model),
                "SKIPPED: no llama-server or GGUF in " + parts + "; .ci/install-parts installs them");
    }

    private String swapFile(String group) throws Exception {
        Path models = Files.createDirectories(folder.resolve("models"));
        StringBuilder yaml = new StringBuilder("startPort: " + FreePort.find() + "\nmodels:\n");
        for (String id : List.of("one", "two")) {
            Files.createSymbolicLink(models.resolve(id + ".gguf"), model);
            yaml.append("  ")
                    .append(id)
                    .append(":\n    concurrencyLimit: 64\n    cmd: ")
                    .append(server)
                    .append(" --port ${PORT} --offline --no-ui -t 1 -c 1024 -np 2 -b 256 -a ")
                    .append(id)
                    .append(" -m ")
                    .append(models)
                    .append('/')
                    .append(id)
                    .append(".gguf\n");
        }
        yaml.append("groups:\n  g: {").append(group).append(", members: [one, two]}\n");
        return Files.writeString(folder.resolve("llama-swap.yml"), yaml).toString();
    }

    /** Clients ask for both names in turn. The most servers that ran at once. */
    private int ask(String base, String key, int requests) throws Exception {
        Queue<String> wrong = new ConcurrentLinkedQueue<>();
        ExecutorService clients = Executors.newFixedThreadPool(CLIENTS);
        for (int i = 0; i < requests; i++) {
            String id = i % 2 == 0 ? "one" : "two";
            String body =
                    "{\"model\":\"" + id + "\",\"max_tokens\":3,\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}]}";
            clients.execute(() -> {
                StringBuilder answer = new StringBuilder();
                int status = Processes.answer(base + "/v1/chat/completions", key, body, answer, 180_000);
                if (status != 200 || answer.indexOf("\"model\":\"" + id + "\"") < 0) {
                    wrong.add(id + ": " + status + " " + answer);
                }
            });
        }
        clients.shutdown();
        long most = 0;
        while (!clients.awaitTermination(20, TimeUnit.MILLISECONDS)) {
            most = Math.max(most, servers().count());
        }
        assertThat(wrong).as("answers that are not right").isEmpty();
        return (int) Math.max(most, servers().count());
    }

    private void unload(String base, String key) {
        assertThat(Processes.status(base + "/unload", key, null)).isEqualTo(200);
        // A guardian's own end is seen a moment after its server's.
        eventually("nothing is left", () -> processes().findAny().isEmpty());
    }

    /** Servers and their guardians. */
    private Stream<ProcessHandle> processes() {
        return ProcessHandle.allProcesses()
                .filter(one -> Stream.of(one.info().arguments().orElse(new String[0]))
                        .anyMatch(argument -> argument.startsWith(folder + "/models/")));
    }

    private Stream<ProcessHandle> servers() {
        return processes().filter(one -> one.info().command().orElse("").endsWith("llama-server"));
    }

    private String standalone(Processes processes, String group) throws Exception {
        int port = FreePort.find();
        String base = "http://127.0.0.1:" + port;
        processes.goinfer(
                "serve.log",
                "serve",
                "--no-api-key",
                "--swap-config",
                swapFile(group),
                "--listen",
                "127.0.0.1:" + port + "=openai,llama-swap",
                "--state-dir",
                folder.resolve("state").toString());
        eventually("health", () -> Processes.status(base + "/health", "", null) == 200);
        return base;
    }

    @Test
    void twoNamesOfAnExclusiveGroupTakeTurns() throws Exception {
        try (Processes processes = new Processes(folder)) {
            String base = standalone(processes, "swap: true, exclusive: true");
            assertThat(ask(base, "", 40)).as("never two at once").isEqualTo(1);
            unload(base, "");
        }
    }

    @Test
    void theyTakeTurnsOnANodeBehindTheTunnel() throws Exception {
        try (Processes processes = new Processes(folder)) {
            RelayProcess relay = RelayProcess.start(processes, folder);
            processes.goinfer(
                    "node.log",
                    "connect",
                    relay.url(),
                    "--swap-config",
                    swapFile("swap: true, exclusive: true"),
                    "--state-dir",
                    folder.resolve("node").toString(),
                    "--token-file",
                    relay.tokenFile());
            String base = "http://127.0.0.1:" + relay.port();
            StringBuilder list = new StringBuilder();
            eventually("the models are listed", Duration.ofSeconds(60), () -> {
                list.setLength(0);
                return Processes.answer(base + "/v1/models", relay.key(), null, list) == 200
                        && list.indexOf("\"two\"") > 0;
            });
            assertThat(ask(base, relay.key(), 40)).as("never two at once").isEqualTo(1);
            unload(base, relay.adminKey());
        }
    }

    @Test
    void inAGroupThatDoesNotSwapBothRun() throws Exception {
        try (Processes processes = new Processes(folder)) {
            String base = standalone(processes, "swap: false");
            assertThat(ask(base, "", 16)).isEqualTo(2);
            unload(base, "");
        }
    }
}
