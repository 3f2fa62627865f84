// SPDX-License-Identifier: MIT
package io.goinfer.proxy;

import static io.goinfer.tunnel.testing.Eventually.eventually;
import static org.assertj.core.api.Assertions.assertThat;

import io.goinfer.bench.link.Link;
import io.goinfer.bench.llama.SimulatedLlama;
import io.goinfer.bench.llama.Simulation;
import io.goinfer.proxy.config.GoinferConfig;
import io.goinfer.proxy.config.Transport;
import io.goinfer.proxy.fleet.Nodes;
import io.goinfer.proxy.testing.GoinferRig;
import io.goinfer.proxy.testing.RawClient;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** QUIC where it passes, TCP where it does not, and the way back: PROTOCOL.md §3. */
class TransportsTest {
    private static final String CHAT = "/v1/chat/completions";

    @TempDir
    Path folder;

    private final HttpClient client =
            HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
    private SimulatedLlama llama;
    private GoinferRig rig;
    private Link link;

    @BeforeEach
    void start() throws Exception {
        llama = SimulatedLlama.start(Simulation.quick("sim"), 0);
        rig = new GoinferRig(folder, GoinferConfig.defaults());
        link = new Link(rig.tunnelPort());
        rig.through(link.port());
    }

    @AfterEach
    void stop() throws Exception {
        rig.close();
        link.close();
        llama.close();
    }

    private GoinferConfig config(Transport transport) {
        GoinferConfig config = GoinferRig.config(llama);
        return config.with(new GoinferConfig.NodeConfig(
                null, List.of(), transport, false, config.node().backends()));
    }

    private GoinferConfig withStandby() {
        GoinferConfig config = GoinferRig.config(llama);
        return config.with(new GoinferConfig.NodeConfig(
                null, List.of(), Transport.AUTO, true, config.node().backends()));
    }

    private List<String> transports() {
        return rig.relay.nodes().connected().stream()
                .map(Nodes.Connected::transport)
                .toList();
    }

    private HttpResponse<String> chat(int tokens) throws Exception {
        return client.send(
                HttpRequest.newBuilder(URI.create(rig.base() + CHAT))
                        .timeout(Duration.ofSeconds(30))
                        .header("authorization", "Bearer " + rig.userKey)
                        .POST(HttpRequest.BodyPublishers.ofString(body(tokens, "")))
                        .build(),
                HttpResponse.BodyHandlers.ofString());
    }

    private static String body(int tokens, String more) {
        return "{\"model\":\"sim\"," + more + "\"stream\":true,\"max_tokens\":" + tokens
                + ",\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}]}";
    }

    @Test
    void aNodeThatIsToldToUsesTcpAlone() throws Exception {
        link.udp(false);
        rig.connect("gpu", config(Transport.TCP));

        HttpResponse<String> answer = chat(20);

        assertThat(transports()).containsExactly("tcp");
        assertThat(answer.statusCode()).isEqualTo(200);
        assertThat(answer.body().split("\"content\":\" token\"", -1)).hasSize(21);
        assertThat(answer.body()).endsWith("data: [DONE]\n\n");
    }

    @Test
    void whereNoUdpPassesTcpServes() throws Exception {
        link.udp(false);
        rig.connect("gpu", config(Transport.AUTO));

        assertThat(transports()).containsExactly("tcp");
        assertThat(chat(3).statusCode()).isEqualTo(200);
    }

    @Test
    void whereNoTcpPassesQuicServes() throws Exception {
        GoinferConfig config = config(Transport.AUTO);
        rig.drop(rig.connect("gpu", config));
        link.tcp(false);
        eventually("the first one is gone", () -> rig.relay.nodes().connected().isEmpty());
        rig.connect("gpu", config);

        assertThat(transports()).containsExactly("quic");
    }

    @Test
    void quicTakesOverWhenItComesLateAndWhatRunsOnTcpEndsThere() throws Exception {
        link.udp(false);
        rig.connect("gpu", config(Transport.AUTO));
        String slow = body(40, "\"sim_rate\":10,");
        try (RawClient raw = new RawClient(rig.apiPort()).post(CHAT, rig.userKey, slow)) {
            assertThat(raw.readUntilCount("sent_ns", 1)).isTrue();
            link.udp(true);

            eventually("QUIC serves", Duration.ofSeconds(60), () -> transports().contains("quic"));
            assertThat(chat(3).statusCode()).isEqualTo(200);
            assertThat(raw.readUntilCount("sent_ns", 40)).isTrue();
            assertThat(raw.readUntilCount("[DONE]", 1)).isTrue();
        }
        eventually("TCP has drained", () -> transports().equals(List.of("quic")));
    }

    @Test
    void whenUdpStopsInTheMiddleTcpTakesOver() throws Exception {
        rig.connect("gpu", config(Transport.AUTO));
        eventually("QUIC serves alone", () -> transports().equals(List.of("quic")));

        link.udp(false);

        eventually("TCP serves", Duration.ofSeconds(20), () -> transports().contains("tcp"));
        assertThat(chat(3).statusCode()).isEqualTo(200);
    }

    @Test
    void aSessionOverTcpStandsByAndTakesOverWithoutALossWhenUdpStops() throws Exception {
        rig.connect("gpu", withStandby());
        eventually(
                "TCP stands by", () -> transports().size() == 2 && transports().contains("tcp"));
        String slow = body(150, "\"sim_rate\":10,");
        try (RawClient raw = new RawClient(rig.apiPort()).post(CHAT, rig.userKey, slow)) {
            assertThat(raw.readUntilCount("sent_ns", 3)).isTrue();
            assertThat(runsOver("quic")).as("QUIC serves").isOne();

            link.udp(false);

            eventually("it goes on over TCP", Duration.ofSeconds(20), () -> runsOver("tcp") == 1);
            assertThat(chat(3).statusCode()).isEqualTo(200);
            link.udp(true);
            eventually(
                    "QUIC serves again",
                    Duration.ofSeconds(60),
                    () -> transports().contains("quic"));
            assertThat(raw.readUntilCount("sent_ns", 150)).isTrue();
            assertThat(raw.readUntilCount("[DONE]", 1)).isTrue();
        }
        eventually(
                "both are there again",
                () -> transports().size() == 2 && transports().contains("quic"));
    }

    private int runsOver(String transport) {
        return rig.relay.nodes().connected().stream()
                .filter(one -> one.transport().equals(transport))
                .mapToInt(one -> one.session().exchanges())
                .sum();
    }

    @Test
    void onAShortPathAnotherConnectionTakesOverWithoutALoss() throws Exception {
        rig.connect("gpu", config(Transport.AUTO));
        long first = numbers().get(0);
        String slow = body(100, "\"sim_rate\":10,");
        try (RawClient raw = new RawClient(rig.apiPort()).post(CHAT, rig.userKey, slow)) {
            assertThat(raw.readUntilCount("sent_ns", 1)).isTrue();
            eventually(
                    "a newer one is there",
                    Duration.ofSeconds(60),
                    () -> numbers().stream().anyMatch(number -> number > first));
            assertThat(chat(3).statusCode()).isEqualTo(200);
            assertThat(raw.readUntilCount("sent_ns", 100)).isTrue();
            assertThat(raw.readUntilCount("[DONE]", 1)).isTrue();
        }
        eventually(
                "the first one is gone",
                () -> numbers().size() == 1 && numbers().get(0) > first);
        assertThat(transports()).containsExactly("quic");
    }

    private List<Long> numbers() {
        return rig.relay.nodes().connected().stream()
                .map(one -> one.session().number())
                .toList();
    }

    @Test
    void aCutTcpConnectionIsReplaced() throws Exception {
        link.udp(false);
        rig.connect("gpu", config(Transport.TCP));
        link.cutTcp();

        eventually("the session is lost", () -> rig.relay.nodes().connected().isEmpty());
        eventually("there is another", () -> transports().equals(List.of("tcp")));
        eventually(
                "it serves",
                () -> rig.relay.fleet().catalog().models().stream()
                        .flatMap(model -> model.places().stream())
                        .anyMatch(place -> place.upstream().accepts()));
        assertThat(chat(3).statusCode()).isEqualTo(200);
    }

    @Test
    void onlyAnEnrolledNodeMayUpgrade() throws Exception {
        assertThat(RelayPort.answer(rig.tunnelPort(), "goinfer-tunnel")).startsWith("HTTP/1.1 401 ");
        assertThat(RelayPort.answer(rig.tunnelPort(), "websocket"))
                .startsWith("HTTP/1.1 426 ")
                .contains("upgrade: goinfer-tunnel");
        // The plain port has no tunnel: there it is a path like any other.
        assertThat(client.send(
                                HttpRequest.newBuilder(URI.create(rig.base() + "/.well-known/goinfer/v1"))
                                        .build(),
                                HttpResponse.BodyHandlers.ofString())
                        .statusCode())
                .isEqualTo(404);
    }

    /** A stranger at the relay's TLS port. */
    private static final class RelayPort {
        private RelayPort() {}

        static String answer(int port, String protocol) throws Exception {
            javax.net.ssl.SSLContext tls = javax.net.ssl.SSLContext.getInstance("TLSv1.3");
            tls.init(null, io.netty.handler.ssl.util.InsecureTrustManagerFactory.INSTANCE.getTrustManagers(), null);
            try (java.net.Socket socket = tls.getSocketFactory().createSocket("127.0.0.1", port)) {
                String head = "GET /.well-known/goinfer/v1 HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: "
                        + protocol + "\r\n\r\n";
                socket.getOutputStream().write(head.getBytes(java.nio.charset.StandardCharsets.US_ASCII));
                return new String(socket.getInputStream().readAllBytes(), java.nio.charset.StandardCharsets.US_ASCII);
            }
        }
    }
}
