// SPDX-License-Identifier: MIT
package io.goinfer.launcher;

import static io.goinfer.tunnel.testing.Eventually.eventually;
import static org.assertj.core.api.Assertions.assertThat;

import io.goinfer.bench.FreePort;
import io.goinfer.bench.llama.SimulatedLlama;
import io.goinfer.bench.llama.Simulation;
import java.io.InputStream;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Real processes, killed with -9 on either side. */
class KillTest {
    private static final String BODY = "{\"model\":\"sim\",\"max_tokens\":2,\"stream\":true,\"messages\":[]}";
    private static final String ENDLESS =
            "{\"model\":\"sim\",\"max_tokens\":1000000,\"sim_rate\":20,\"stream\":true,\"messages\":[]}";

    @TempDir
    Path folder;

    private Processes processes;
    private SimulatedLlama llama;
    private int port;
    private int tunnelPort;
    private String url;
    private String key;
    private Process relay;
    private Process node;

    @BeforeEach
    void start() throws Exception {
        processes = new Processes(folder);
        llama = SimulatedLlama.start(Simulation.quick("sim"), 0);
        port = FreePort.find();
        tunnelPort = FreePort.find();
        url = "http://127.0.0.1:" + port + "/v1/chat/completions";
        relay = relay();
        eventually("health", () -> Processes.status("http://127.0.0.1:" + port + "/health", "", null) == 200);
        Path keyFile = folder.resolve("relay-state/relay/first-admin-key");
        eventually("the first admin key is written", () -> Files.exists(keyFile));
        key = Files.readString(keyFile).strip();
        Process token = processes.goinfer(
                "token",
                "token",
                "create",
                "--state-dir",
                folder.resolve("relay-state").toString());
        assertThat(token.waitFor()).isZero();
        node = node("--token-file", folder.resolve("token").toString());
        processes.untilServed(url, key, BODY);
    }

    @AfterEach
    void stop() throws Exception {
        processes.close();
        llama.close();
    }

    private Process relay() throws Exception {
        // What a killed node ran waits so long for a session of the same process.
        Path config = Files.writeString(folder.resolve("goinfer.yml"), "limits: {resume: 2s}\n");
        return processes.goinfer(
                "relay.log",
                "serve",
                "--config",
                config.toString(),
                "--state-dir",
                folder.resolve("relay-state").toString(),
                "--listen",
                "127.0.0.1:" + port + "=openai,admin",
                "--listen",
                "127.0.0.1:" + tunnelPort + "=tunnel");
    }

    private Process node(String... more) throws Exception {
        String[] base = {
            "connect",
            "https://127.0.0.1:" + tunnelPort,
            "--state-dir",
            folder.resolve("node-state").toString(),
            "--backend",
            llama.url()
        };
        String[] all = java.util.Arrays.copyOf(base, base.length + more.length);
        System.arraycopy(more, 0, all, base.length, more.length);
        return processes.goinfer("node.log", all);
    }

    @Test
    void aKilledNodesRequestsEndWithAnErrorAndItServesAgainWhenItIsBack() throws Exception {
        try (Socket client = new Socket("127.0.0.1", port)) {
            client.setSoTimeout(30_000);
            client.getOutputStream()
                    .write(("POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " + key
                                    + "\r\nContent-Length: " + ENDLESS.length() + "\r\n\r\n" + ENDLESS)
                            .getBytes(StandardCharsets.UTF_8));
            InputStream in = client.getInputStream();
            StringBuilder got = new StringBuilder();
            byte[] buffer = new byte[4096];
            while (got.indexOf("sent_ns") < 0) {
                got.append(new String(buffer, 0, in.read(buffer), StandardCharsets.UTF_8));
            }

            Processes.kill9(node);
            long killed = System.nanoTime();

            got.append(new String(in.readAllBytes(), StandardCharsets.UTF_8));
            System.out.println("stream told after " + (System.nanoTime() - killed) / 1_000_000 + " ms");
            assertThat(got.toString())
                    .contains("data: {\"src\":\"goinfer\",\"error\":")
                    .contains("node_lost");
            assertThat(got.toString()).doesNotContain("[DONE]").doesNotEndWith("0\r\n\r\n");
        }
        StringBuilder told = new StringBuilder();
        assertThat(Processes.answer(url, key, BODY, told)).as(told.toString()).isEqualTo(503);
        assertThat(told.toString()).contains("node_offline");

        node();
        System.out.println("served " + processes.untilServed(url, key, BODY) + " ms after the node's exec");
    }

    /** The relay believes in the dead process for seconds, and gives it what comes. */
    @Test
    void whatAKilledNodeWasGivenItsSuccessorAnswersAtOnce() throws Exception {
        Processes.kill9(node);
        StringBuilder told = new StringBuilder();
        CompletableFuture<Integer> given =
                CompletableFuture.supplyAsync(() -> Processes.answer(url, key, BODY, told, 60_000));

        node();

        assertThat(given.get(60, TimeUnit.SECONDS)).as(told.toString()).isEqualTo(200);
        assertThat(processes.log("relay.log"))
                .as("the dead process's session ended before the time that a living one has")
                .contains("no proof of life")
                .doesNotContain("a newer process took over");
    }

    @Test
    void aKilledRelayHasItsNodeBackWithoutAPerson() throws Exception {
        Processes.kill9(relay);

        relay();

        System.out.println("served " + processes.untilServed(url, key, BODY) + " ms after the relay's exec");
        assertThat(processes.log("node.log")).contains("the relay has restarted");
        assertThat(node.isAlive()).isTrue();
    }

    @Test
    void aStoppedRelayDrainsAndItsNodeComesBack() throws Exception {
        relay.destroy();
        assertThat(relay.waitFor()).isZero();

        relay();

        System.out.println("served " + processes.untilServed(url, key, BODY) + " ms after the relay's exec");
    }

    @Test
    void commandsWorkOnARunningRelayAndRevocationIsImmediate() throws Exception {
        Process list = processes.goinfer(
                "list",
                "nodes",
                "list",
                "--state-dir",
                folder.resolve("relay-state").toString());
        assertThat(list.waitFor()).isZero();
        assertThat(processes.log("list")).contains("connected").contains("quic");
        String name =
                processes.log("list").lines().skip(1).findFirst().orElse("").split("\\s+")[0];

        Process revoke = processes.goinfer(
                "revoke",
                "nodes",
                "revoke",
                name,
                "--state-dir",
                folder.resolve("relay-state").toString());

        assertThat(revoke.waitFor()).isZero();
        assertThat(Processes.status(url, key, BODY)).isEqualTo(404);
        eventually("the node says why", Duration.ofSeconds(20), () -> {
            try {
                return processes.log("node.log").contains("REVOKED");
            } catch (java.io.IOException e) {
                return false;
            }
        });
    }
}
