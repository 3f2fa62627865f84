// SPDX-License-Identifier: MIT
package io.goinfer.proxy;

import static io.goinfer.tunnel.testing.Eventually.eventually;
import static org.assertj.core.api.Assertions.assertThat;

import io.goinfer.bench.Load;
import io.goinfer.bench.LoadDriver;
import io.goinfer.bench.LoadResult;
import io.goinfer.bench.link.Conditions;
import io.goinfer.bench.link.Link;
import io.goinfer.bench.llama.SimulatedLlama;
import io.goinfer.bench.llama.Simulation;
import io.goinfer.proxy.config.GoinferConfig;
import io.goinfer.proxy.config.Transport;
import io.goinfer.proxy.fleet.Nodes;
import io.goinfer.proxy.testing.GoinferRig;
import io.goinfer.proxy.testing.RawClient;
import io.goinfer.tunnel.frame.Code;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Streams through a tunnel whose link fails: a pause, not an error (PROTOCOL.md §6.10). {@code goinfer bench faults} has the long ones, with processes. */
class FaultsTest {
    private static final int STREAMS = 32;
    private static final double RATE = 20;
    private static final String CHAT = "/v1/chat/completions";

    @TempDir
    Path folder;

    private final List<AutoCloseable> open = new ArrayList<>();
    private final LoadDriver driver = new LoadDriver();
    private SimulatedLlama llama;
    private GoinferRig rig;
    private Link link;

    @BeforeEach
    void start() throws Exception {
        llama = SimulatedLlama.start(Simulation.quick("sim").withSlots(STREAMS), 0);
        open.add(llama);
        open.add(driver);
    }

    private void rig(Duration resume, Transport transport) throws Exception {
        rig(resume, transport, false);
    }

    private void rig(Duration resume, Transport transport, boolean standby) throws Exception {
        GoinferConfig.Limits limits = GoinferConfig.Limits.DEFAULT.withResume(resume);
        rig = new GoinferRig(folder, GoinferConfig.defaults().with(limits));
        link = new Link(rig.tunnelPort());
        link.conditions(Conditions.delayed(Duration.ofMillis(15)));
        open.add(0, link);
        open.add(0, rig);
        rig.through(link.port());
        GoinferConfig config = GoinferRig.config(llama);
        rig.connect(
                "gpu",
                config.with(new GoinferConfig.NodeConfig(
                                null,
                                List.of(),
                                transport,
                                standby,
                                config.node().backends()))
                        .with(limits));
    }

    @AfterEach
    void stop() throws Exception {
        for (AutoCloseable one : open) {
            one.close();
        }
    }

    private CompletableFuture<LoadResult> streams(int seconds) {
        LoadDriver.Target target = new LoadDriver.Target(rig.apiPort(), rig.userKey, "sim");
        Load load = new Load(STREAMS, (int) (seconds * RATE), RATE, 200, Duration.ofSeconds(seconds + 60L));
        CompletableFuture<LoadResult> result = driver.start(target, load);
        eventually("all run", () -> llama.counts().running.get() == STREAMS);
        return result;
    }

    private void allIntact(CompletableFuture<LoadResult> running) throws Exception {
        LoadResult result = running.get(2, TimeUnit.MINUTES);
        assertThat(result.problems()).isEmpty();
        assertThat(result.damaged())
                .as("streams with an event lost, doubled or out of order")
                .isZero();
        eventually(
                "nothing is left",
                () -> rig.relay.nodes().connected().stream()
                        .allMatch(one ->
                                one.session().exchanges() == 0 && one.session().outstandingCredit() == 0));
        assertThat(llama.counts().running.get()).isZero();
    }

    private String transport() {
        return String.join(
                ",",
                rig.relay.nodes().connected().stream()
                        .map(Nodes.Connected::transport)
                        .toList());
    }

    @Test
    void streamsOutliveOneSessionAfterTheOther() throws Exception {
        rig(Duration.ofSeconds(60), Transport.AUTO);
        CompletableFuture<LoadResult> running = streams(6);
        for (int i = 0; i < 4; i++) {
            long lost = rig.relay.nodes().resumed();
            rig.loseSessions();
            eventually("they go on", () -> rig.relay.nodes().resumed() >= lost + STREAMS);
        }
        allIntact(running);
        assertThat(rig.relay.commands().run("nodes list", Map.of()))
                .first()
                .satisfies(
                        row -> assertThat(Integer.parseInt(row.get("resumed"))).isGreaterThanOrEqualTo(4 * STREAMS))
                .satisfies(row -> assertThat(row).containsEntry("retried", "0"));
    }

    @Test
    void aLinkThatIsDeadLongerThanItsSessionIsAPause() throws Exception {
        rig(Duration.ofSeconds(60), Transport.AUTO);
        CompletableFuture<LoadResult> running = streams(16);
        link.pass(false);
        eventually(
                "the session is lost",
                Duration.ofSeconds(15),
                () -> rig.relay.nodes().connected().isEmpty());
        link.pass(true);
        allIntact(running);
    }

    /** The exchanges are on their way into the standby when it turns out to be as dead. */
    @Test
    void aLinkThatTakesTheStandbyAlongIsAPause() throws Exception {
        rig(Duration.ofSeconds(60), Transport.AUTO, true);
        eventually("both are there", () -> rig.relay.nodes().connected().size() == 2);
        CompletableFuture<LoadResult> running = streams(18);
        link.pass(false);
        eventually(
                "both are lost",
                Duration.ofSeconds(25),
                () -> rig.relay.nodes().connected().isEmpty());
        link.pass(true);
        allIntact(running);
    }

    /** Streams long enough to need credit behind the change, and an upload of which something is under way to the address before (decision 018). */
    @Test
    void aNatThatForgetsIsNotNoticed() throws Exception {
        rig(Duration.ofSeconds(60), Transport.QUIC);
        CompletableFuture<LoadResult> running = streams(12);
        CompletableFuture<HttpResponse<String>> upload = upload(24 << 20);
        for (int i = 0; i < 2; i++) {
            long before = rig.relay.nodes().resumed();
            link.rebindUdp();
            eventually(
                    "another connection takes over",
                    Duration.ofSeconds(30),
                    () -> rig.relay.nodes().resumed() >= before + STREAMS || running.isDone());
        }
        assertThat(upload.get(2, TimeUnit.MINUTES).body()).contains("\"bytes\":" + (24 << 20));
        allIntact(running);
    }

    private CompletableFuture<HttpResponse<String>> upload(int bytes) {
        HttpRequest request = HttpRequest.newBuilder(URI.create(rig.base() + "/v1/sim/upload"))
                .header("authorization", "Bearer " + rig.userKey)
                .header("x-goinfer-model", "sim")
                .header("content-type", "application/octet-stream")
                .POST(HttpRequest.BodyPublishers.ofByteArray(new byte[bytes]))
                .build();
        return HttpClient.newHttpClient().sendAsync(request, HttpResponse.BodyHandlers.ofString());
    }

    /** Copies of tokens run beside their streams there (PROTOCOL.md §6.11), from one session into the next. */
    @Test
    void aLinkThatLosesPacketsLosesNoByte() throws Exception {
        rig(Duration.ofSeconds(60), Transport.QUIC);
        link.conditions(Conditions.delayed(Duration.ofMillis(15)).withLoss(0.03));
        CompletableFuture<LoadResult> running = streams(10);
        eventually(
                "tokens come",
                () -> rig.relay.nodes().connected().stream()
                        .anyMatch(one -> one.session().stats().receivedPackets() > 2_000));
        long lost = rig.relay.nodes().resumed();
        rig.loseSessions();
        eventually("they go on", () -> rig.relay.nodes().resumed() >= lost + STREAMS);
        allIntact(running);
    }

    @Test
    void aNatThatForgetsTcpIsAPause() throws Exception {
        rig(Duration.ofSeconds(60), Transport.TCP);
        CompletableFuture<LoadResult> running = streams(9);
        link.forgetTcp();
        allIntact(running);
    }

    @Test
    void whereUdpStopsStreamsGoOnOverTcp() throws Exception {
        rig(Duration.ofSeconds(60), Transport.AUTO);
        eventually("QUIC serves alone", () -> transport().equals("quic"));
        CompletableFuture<LoadResult> running = streams(10);
        link.udp(false);
        eventually(
                "TCP has them", Duration.ofSeconds(20), () -> rig.relay.nodes().resumed() >= STREAMS);
        assertThat(transport()).contains("tcp");
        allIntact(running);
    }

    @Test
    void aNodeThatIsGoneForGoodEndsItsStreamsWithAnErrorEventAfterTheWindow() throws Exception {
        rig(Duration.ofSeconds(1), Transport.AUTO);
        String body = "{\"model\":\"sim\",\"sim_rate\":10,\"stream\":true,\"max_tokens\":1000,\"messages\":[]}";
        try (RawClient client = new RawClient(rig.apiPort()).post(CHAT, rig.userKey, body)) {
            assertThat(client.readUntilCount("sent_ns", 3)).isTrue();
            link.pass(false);
            client.readAll();

            assertThat(client.got).contains("node_lost").doesNotContain("[DONE]");
            assertThat(client.got.toString()).doesNotEndWith("\r\n0\r\n\r\n");
        }
        try (RawClient next = new RawClient(rig.apiPort()).post(CHAT, rig.userKey, body)) {
            assertThat(next.readUntil("node_offline")).isTrue();
        }
        eventually(
                "the node has stopped its backend", () -> llama.counts().running.get() == 0);
    }

    @Test
    void whatHasNoAnswerYetIsTriedOnceMoreElsewhere() throws Exception {
        llama.close();
        llama = SimulatedLlama.start(Simulation.quick("sim").withSlots(1), 0);
        open.add(llama);
        SimulatedLlama second = SimulatedLlama.start(Simulation.quick("sim"), 0);
        open.add(second);
        rig(Duration.ofSeconds(60), Transport.AUTO);
        String id = rig.relay.nodes().connected().get(0).nodeId();
        String body = "{\"model\":\"sim\",\"sim_rate\":10,\"stream\":true,\"max_tokens\":%d,\"messages\":[]}";
        try (RawClient runs = new RawClient(rig.apiPort()).post(CHAT, rig.userKey, body.formatted(1_000));
                RawClient waits = new RawClient(rig.apiPort())) {
            assertThat(runs.readUntilCount("sent_ns", 1)).isTrue();
            waits.post(CHAT, rig.userKey, body.formatted(3));
            eventually(
                    "the second waits at the node",
                    () -> rig.relay.nodes().connected().stream()
                            .anyMatch(one -> one.session().exchanges() == 2));
            rig.connect("other", second);

            rig.relay.nodes().disconnect(id, Code.REVOKED, "revoked by a test");

            assertThat(runs.readUntil("node_lost")).isTrue();
            assertThat(waits.readUntil("[DONE]")).isTrue();
            assertThat(waits.got.toString().toLowerCase(java.util.Locale.ROOT))
                    .startsWith("http/1.1 200")
                    .contains("x-goinfer-node: other");
            assertThat(waits.got.toString().split("sent_ns", -1)).hasSize(4);
        }
    }
}
