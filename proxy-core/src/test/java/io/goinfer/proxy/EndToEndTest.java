// SPDX-License-Identifier: MIT
package io.goinfer.proxy;

import static io.goinfer.tunnel.testing.Eventually.eventually;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.goinfer.bench.llama.SimulatedLlama;
import io.goinfer.bench.llama.Simulation;
import io.goinfer.proxy.agent.NodeLink;
import io.goinfer.proxy.agent.RelayAddress;
import io.goinfer.proxy.config.GoinferConfig;
import io.goinfer.proxy.testing.GoinferRig;
import io.goinfer.proxy.testing.RawClient;
import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
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

/** The manual as a test: start relay, node and backend, ask, see tokens; then everything that goes wrong. */
class EndToEndTest {
    private static final String CHAT = "/v1/chat/completions";

    @TempDir
    Path folder;

    private final HttpClient client =
            HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
    private final List<AutoCloseable> open = new ArrayList<>();
    private SimulatedLlama llama;
    private GoinferRig rig;

    @BeforeEach
    void start() throws Exception {
        llama = llama(Simulation.quick("sim"));
        rig = new GoinferRig(folder, GoinferConfig.defaults());
        open.add(rig);
    }

    @AfterEach
    void stop() throws Exception {
        for (int i = open.size() - 1; i >= 0; i--) {
            open.get(i).close();
        }
    }

    private SimulatedLlama llama(Simulation simulation) {
        SimulatedLlama started = SimulatedLlama.start(simulation, 0);
        open.add(started);
        return started;
    }

    private static String chat(String model, boolean stream, int tokens) {
        return "{\"model\":\"" + model + "\",\"stream\":" + stream + ",\"max_tokens\":" + tokens
                + ",\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}]}";
    }

    private HttpRequest.Builder request(String path) {
        return HttpRequest.newBuilder(URI.create(rig.base() + path))
                .timeout(Duration.ofSeconds(30))
                .header("authorization", "Bearer " + rig.userKey);
    }

    private HttpResponse<String> post(String path, String body) throws Exception {
        return client.send(
                request(path).POST(HttpRequest.BodyPublishers.ofString(body)).build(),
                HttpResponse.BodyHandlers.ofString());
    }

    private HttpResponse<String> get(String path) throws Exception {
        return client.send(request(path).build(), HttpResponse.BodyHandlers.ofString());
    }

    // ---- it works

    @Test
    void aChatStreamsFromANodeThroughTheTunnel() throws Exception {
        rig.connect("gpu", llama);

        HttpResponse<String> answer = post(CHAT, chat("sim", true, 20));

        assertThat(answer.statusCode()).isEqualTo(200);
        assertThat(answer.headers().firstValue("content-type")).contains("text/event-stream");
        assertThat(answer.headers().firstValue("x-goinfer-node")).contains("gpu");
        assertThat(answer.headers().firstValue("x-accel-buffering")).contains("no");
        assertThat(answer.body().split("\"content\":\" token\"", -1)).hasSize(21);
        assertThat(answer.body()).endsWith("data: [DONE]\n\n");
    }

    @Test
    void everyTokenLeavesAtOnce() throws Exception {
        rig.connect("gpu", llama);
        // The backend waits two seconds between tokens: whoever holds one back until the next is seen at once.
        String slow = chat("sim", true, 3).replace("{\"model\"", "{\"sim_rate\":0.5,\"model\"");

        try (RawClient raw = new RawClient(rig.apiPort()).post(CHAT, rig.userKey, slow)) {
            for (int i = 1; i <= 3; i++) {
                assertThat(raw.readUntilCount("sent_ns", i)).isTrue();
                assertThat(llama.counts().tokens.get()).isLessThanOrEqualTo(i);
            }
        }
    }

    @Test
    void aPlainJsonAnswerComesThrough() throws Exception {
        rig.connect("gpu", llama);

        HttpResponse<String> answer = post(CHAT, chat("sim", false, 3));

        assertThat(answer.statusCode()).isEqualTo(200);
        assertThat(answer.body()).contains("\"content\":\" token token token\"");
    }

    @Test
    void standaloneServesItsOwnBackend() throws Exception {
        open.remove(rig);
        rig.close();
        rig = new GoinferRig(folder.resolve("standalone"), GoinferRig.config(llama));
        open.add(rig);
        eventually("the model is listed", () -> rig.relay.fleet().catalog().find("sim") != null);

        assertThat(post(CHAT, chat("sim", true, 3)).body()).contains("[DONE]");
    }

    @Test
    void modelsAreListedFromMemory() throws Exception {
        rig.connect("gpu", llama);

        assertThat(get("/v1/models").body()).contains("\"id\":\"sim\"").contains("\"owned_by\":\"gpu\"");
        assertThat(get("/v1/models/sim").body()).startsWith("{\"id\":\"sim\"");
        assertThat(get("/v1/models/nope").statusCode()).isEqualTo(404);
    }

    @Test
    void everyV1PathPassesAndTheClientsKeyDoesNot() throws Exception {
        rig.connect("gpu", llama);

        HttpResponse<String> answer = client.send(
                request("/v1/sim/headers?a=b")
                        .header("x-goinfer-model", "sim")
                        .header("x-api-key", "secret")
                        .header("x-conversation-id", "1")
                        .header("forwarded", "for=6.6.6.6")
                        .build(),
                HttpResponse.BodyHandlers.ofString());

        assertThat(answer.body())
                .contains("/v1/sim/headers?a=b")
                .doesNotContain(rig.userKey)
                .doesNotContain("secret")
                .doesNotContain("x-conversation-id")
                .doesNotContain("6.6.6.6")
                .contains("\"forwarded\":\"for=127.0.0.1;proto=http\"");
    }

    @Test
    void oneModelOnTwoNodesGoesToTheOneWithFewestExchanges() throws Exception {
        SimulatedLlama second = llama(Simulation.quick("sim"));
        rig.connect("a", llama);
        rig.connect("b", second);
        String endless = chat("sim", true, 1_000_000).replace("{\"model\"", "{\"sim_rate\":5,\"model\"");

        try (RawClient one = new RawClient(rig.apiPort()).post(CHAT, rig.userKey, endless)) {
            one.readUntil("sent_ns");
            try (RawClient two = new RawClient(rig.apiPort()).post(CHAT, rig.userKey, endless)) {
                two.readUntil("sent_ns");
                assertThat(llama.counts().running.get()).isEqualTo(1);
                assertThat(second.counts().running.get()).isEqualTo(1);
            }
        }
    }

    @Test
    void aNodeCanBeNamedByPrefixOrHeader() throws Exception {
        rig.connect("a", llama);
        rig.connect("b", llama(Simulation.quick("sim")));

        assertThat(post(CHAT, chat("b/sim", false, 1)).headers().firstValue("x-goinfer-node"))
                .contains("b");
        HttpRequest named = request(CHAT)
                .header("x-goinfer-node", "a")
                .POST(HttpRequest.BodyPublishers.ofString(chat("sim", false, 1)))
                .build();
        assertThat(client.send(named, HttpResponse.BodyHandlers.ofString())
                        .headers()
                        .firstValue("x-goinfer-node"))
                .contains("a");
        assertThat(post(CHAT, chat("c/sim", false, 1)).statusCode()).isEqualTo(404);
    }

    @Test
    void keepAliveAndPipelinedRequestsAreAnsweredInOrder() throws Exception {
        rig.connect("gpu", llama);
        String get = "GET /v1/models HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " + rig.userKey + "\r\n\r\n";
        String last = "GET /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";

        try (RawClient raw = new RawClient(rig.apiPort())) {
            raw.post(CHAT, rig.userKey, chat("sim", true, 3))
                    .send(get)
                    .send(get)
                    .send(last);

            String all = raw.readAll();
            assertThat(all.split("HTTP/1.1 200", -1)).hasSize(5);
            assertThat(all.indexOf("[DONE]")).isLessThan(all.indexOf("owned_by"));
            assertThat(all).endsWith("{\"status\":\"ok\"}");
        }
    }

    @Test
    void aModelThatItsBackendCallsByPathHasAShortNameHereAndItsOwnThere() throws Exception {
        String path = "/srv/models/a/long/way/down/gemma-3-270m-q4_k_m.gguf";
        SimulatedLlama long1 = llama(Simulation.quick(path));
        rig.connect("gpu", long1);

        assertThat(get("/v1/models").body()).contains("\"id\":\"gemma-3-270m-q4_k_m\"");
        HttpResponse<String> answer = post(CHAT, chat("gemma-3-270m-q4_k_m", false, 2));
        assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
        assertThat(long1.counts().lastBody()).contains("\"model\":\"" + path + "\"");
        HttpResponse<String> prefixed = post(CHAT, chat("gpu/gemma-3-270m-q4_k_m", true, 2));
        assertThat(prefixed.body()).as("with the node's name").endsWith("[DONE]\n\n");
    }

    @Test
    void aSessionOutlivesItsStreamLimit() throws Exception {
        rig.connect("gpu", llama);

        for (int i = 0; i < 1_200; i++) {
            assertThat(post(CHAT, chat("sim", true, 1)).body())
                    .as("request " + i)
                    .endsWith("[DONE]\n\n");
        }
    }

    // ---- large bodies and slow readers

    @Test
    void aLargeUploadPasses() throws Exception {
        rig.connect("gpu", llama);
        long size = 64L << 20;

        HttpResponse<String> answer = client.send(
                request("/v1/sim/upload")
                        .header("x-goinfer-model", "sim")
                        .header("content-type", "application/octet-stream")
                        .POST(HttpRequest.BodyPublishers.ofInputStream(() -> new Zeros(size)))
                        .build(),
                HttpResponse.BodyHandlers.ofString());

        assertThat(answer.body()).contains("\"bytes\":" + size);
    }

    @Test
    void aLargeDownloadPasses() throws Exception {
        rig.connect("gpu", llama);
        long size = 64L << 20;

        HttpResponse<InputStream> answer = client.send(
                request("/v1/sim/download?model=sim&bytes=" + size).build(), HttpResponse.BodyHandlers.ofInputStream());

        long got = 0;
        try (InputStream in = answer.body()) {
            byte[] buffer = new byte[64 << 10];
            for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
                got += n;
            }
        }
        assertThat(got).isEqualTo(size);
    }

    @Test
    void clientsThatStopReadingCostNobodyElseAnything() throws Exception {
        SimulatedLlama wide = llama(Simulation.quick("wide").withSlots(100));
        rig.connect("gpu", wide);
        String endless = chat("wide", true, 1_000_000_000);
        for (int i = 0; i < 64; i++) {
            RawClient stalled = new RawClient(rig.apiPort()).post(CHAT, rig.userKey, endless);
            open.add(stalled);
        }
        eventually("all of them run", () -> wide.counts().running.get() == 64);

        HttpResponse<String> healthy =
                post(CHAT, chat("wide", true, 2_000).replace("{\"model\"", "{\"sim_rate\":1000,\"model\""));

        assertThat(healthy.body()).contains("[DONE]");
    }

    // ---- clients that leave

    private void leaves(String body, String waitFor) throws Exception {
        int before = llama.counts().abandoned.get();
        RawClient raw = new RawClient(rig.apiPort()).post(CHAT, rig.userKey, body);
        if (waitFor.isEmpty()) {
            eventually(
                    "the backend has the request",
                    () -> llama.counts().requests.get() > 0
                            && llama.counts().running.get() > 0);
        } else {
            raw.readUntil(waitFor);
        }
        long left = System.nanoTime();
        raw.close();
        eventually(
                "the backend's connection is closed",
                () -> llama.counts().abandoned.get() > before);
        long millis = TimeUnit.NANOSECONDS.toMillis(llama.counts().abandonedAt.get() - left);
        System.out.println("client left, backend closed after " + millis + " ms");
    }

    @Test
    void aClientThatLeavesClosesTheBackendsConnection() throws Exception {
        rig.connect("gpu", llama);
        leaves(chat("sim", true, 1_000_000).replace("{\"model\"", "{\"sim_rate\":20,\"model\""), "sent_ns");
    }

    @Test
    void aClientThatLeavesBeforeTheBackendAnswersClosesItsConnectionToo() throws Exception {
        rig.connect("gpu", llama);
        leaves(chat("sim", false, 1_000_000).replace("{\"model\"", "{\"sim_rate\":1,\"model\""), "");
    }

    // ---- what is refused

    @Test
    void refusalsHaveOpenAisShape() throws Exception {
        rig.connect("gpu", llama);

        refused(post(CHAT, "{\"model\": sim}"), 400, "invalid_json");
        refused(post(CHAT, "{\"model\":\"sim\",\"x\":[1,2}"), 400, "invalid_json");
        refused(post(CHAT, "{}"), 404, "model_required");
        refused(post(CHAT, "{\"model\":null}"), 404, "model_required");
        refused(post(CHAT, "{\"model\":\"nope\"}"), 404, "model_not_found");
        refused(post(CHAT, "{\"model\":\"sim\",\"model\":\"other\"}"), 400, "duplicate_model");
        refused(post("/nothing", "{}"), 404, "not_found");
        refused(get("/metrics"), 403, "insufficient_permissions");
        assertThat(post(CHAT, "{\"model\":\"nope\"}").body()).contains("/v1/models");
    }

    private static void refused(HttpResponse<String> answer, int status, String code) {
        assertThat(answer.statusCode()).as(answer.body()).isEqualTo(status);
        assertThat(answer.body())
                .startsWith("{\"src\":\"goinfer\",\"error\":{\"message\":")
                .contains("\"type\":\"")
                .contains("\"code\":\"" + code + "\"");
    }

    @Test
    void withoutAKeyNothingIsSaidAndWithAWrongOneNeither() throws Exception {
        HttpRequest none =
                HttpRequest.newBuilder(URI.create(rig.base() + "/v1/models")).build();
        HttpRequest wrong = HttpRequest.newBuilder(none.uri())
                .header("authorization", "Bearer nope")
                .build();
        HttpRequest basic = HttpRequest.newBuilder(none.uri())
                .header(
                        "authorization",
                        "Basic "
                                + java.util.Base64.getEncoder()
                                        .encodeToString(
                                                ("x:" + rig.userKey).getBytes(java.nio.charset.StandardCharsets.UTF_8)))
                .build();

        refused(client.send(none, HttpResponse.BodyHandlers.ofString()), 401, "invalid_api_key");
        refused(client.send(wrong, HttpResponse.BodyHandlers.ofString()), 401, "invalid_api_key");
        assertThat(client.send(basic, HttpResponse.BodyHandlers.ofString()).statusCode())
                .isEqualTo(200);
    }

    @Test
    void headsThatAreTooLargeAndGarbageAreRefused() throws Exception {
        try (RawClient raw = new RawClient(rig.apiPort())) {
            raw.send("GET /v1/models HTTP/1.1\r\nHost: x\r\nX-A: " + "a".repeat(40_000) + "\r\n\r\n");
            assertThat(raw.readAll())
                    .startsWith("HTTP/1.1 431")
                    .contains("\"code\":\"request_header_fields_too_large\"");
        }
        try (RawClient raw = new RawClient(rig.apiPort())) {
            raw.send("\u0001\u0002garbage\r\n\r\n");
            assertThat(raw.readAll()).startsWith("HTTP/1.1 400");
        }
    }

    @Test
    void bodiesOverTheLimitAreRefused() throws Exception {
        GoinferConfig d = GoinferConfig.defaults();
        GoinferConfig small = new GoinferConfig(
                d.server(),
                d.tls(),
                d.node(),
                d.models(),
                d.balance(),
                new GoinferConfig.Limits(
                        100_000,
                        200_000,
                        5_000,
                        100,
                        100,
                        100,
                        256,
                        Duration.ofSeconds(5),
                        Duration.ZERO,
                        Duration.ofSeconds(60)));
        open.remove(rig);
        rig.close();
        rig = new GoinferRig(folder.resolve("small"), small);
        open.add(rig);
        rig.connect("gpu", llama);
        String late = "{\"x\":\"" + "a".repeat(60_000) + "\",\"model\":\"sim\"}";

        refused(post(CHAT, "{\"model\":\"sim\",\"x\":\"" + "a".repeat(200_000) + "\"}"), 413, "request_too_large");
        refused(post(CHAT, late), 413, "model_not_in_prefix");
    }

    // ---- backends, nodes and relays that go away

    @Test
    void aBackendThatDiesMidStreamGivesAnErrorEventAndNoCleanEnd() throws Exception {
        rig.connect("gpu", llama);
        String endless = chat("sim", true, 1_000_000).replace("{\"model\"", "{\"sim_rate\":20,\"model\"");
        try (RawClient raw = new RawClient(rig.apiPort()).post(CHAT, rig.userKey, endless)) {
            raw.readUntil("sent_ns");

            llama.close();

            String all = raw.readAll();
            assertThat(all).contains("data: {\"src\":\"goinfer\",\"error\":").contains("backend_failed");
            assertThat(all).doesNotContain("[DONE]").doesNotEndWith("0\r\n\r\n");
        }
    }

    @Test
    void aBackendThatIsGoneIsA503AndComesBackByItself() throws Exception {
        rig.connect("gpu", llama);
        int port = llama.port();
        llama.close();
        open.remove(llama);

        refused(post(CHAT, chat("sim", false, 1)), 503, "backend_unreachable");
        SimulatedLlama again = SimulatedLlama.start(Simulation.quick("sim"), port);
        open.add(again);

        eventually("it serves again", () -> {
            try {
                return post(CHAT, chat("sim", false, 1)).statusCode() == 200;
            } catch (Exception e) {
                return false;
            }
        });
    }

    @Test
    void aNodesModelWhoseBackendStaysAwayIsOfflineAndNotUnknown() throws Exception {
        rig.connect("gpu", llama);
        llama.close();
        open.remove(llama);

        assertThat(post(CHAT, chat("sim", false, 1)).statusCode()).isEqualTo(503);
        eventually(
                "the node has told it",
                () -> rig.relay.fleet().catalog().find("sim").places().isEmpty());

        refused(post(CHAT, chat("sim", false, 1)), 503, "node_offline");
        assertThat(get("/v1/models").body()).contains("\"id\":\"sim\"");
    }

    @Test
    void aNodeThatLeavesIsOfflineAndNotUnknown() throws Exception {
        Node node = rig.connect("gpu", llama);
        String endless = chat("sim", true, 1_000_000).replace("{\"model\"", "{\"sim_rate\":20,\"model\"");
        try (RawClient raw = new RawClient(rig.apiPort()).post(CHAT, rig.userKey, endless)) {
            raw.readUntil("sent_ns");

            rig.relay
                    .nodes()
                    .disconnect(
                            rig.relay.nodes().connected().get(0).nodeId(),
                            io.goinfer.tunnel.frame.Code.INTERNAL,
                            "test")
                    .get();
            rig.drop(node);

            String all = raw.readAll();
            assertThat(all).contains("data: {\"src\":\"goinfer\",\"error\":").contains("node_lost");
            assertThat(all).doesNotContain("[DONE]").doesNotEndWith("0\r\n\r\n");
        }
    }

    @Test
    void aDrainedNodesModelsAnswer503WithRetryAfter() throws Exception {
        Node node = rig.connect("gpu", llama);

        node.stop(Duration.ofSeconds(1));
        eventually("the relay knows", () -> rig.relay.nodes().connected().isEmpty());

        HttpResponse<String> answer = post(CHAT, chat("sim", false, 1));
        refused(answer, 503, "node_offline");
        assertThat(answer.headers().firstValue("retry-after")).isPresent();
    }

    @Test
    void anEnrolledNodeComesBackWithoutAToken() throws Exception {
        Node node = rig.connect("gpu", llama);
        rig.drop(node);

        rig.connect("gpu", llama);

        assertThat(post(CHAT, chat("sim", false, 1)).statusCode()).isEqualTo(200);
        assertThat(rig.relay.commands().run("nodes list", Map.of())).hasSize(1);
    }

    @Test
    void aRelayThatIsStartedAgainHasItsNodeBackWithoutAPerson() throws Exception {
        rig.connect("gpu", llama);
        int port = rig.tunnelPort();
        open.remove(rig);

        rig.relay.close();
        GoinferRig second = new GoinferRig(folder, GoinferConfig.defaults(), port);
        open.add(second);

        eventually("the node is back", () -> !second.relay.nodes().connected().isEmpty());
        GoinferRig before = rig;
        open.add(before::close);
        rig = second;
        eventually("it serves", () -> rig.relay.fleet().catalog().find("sim") != null);
        assertThat(post(CHAT, chat("sim", true, 2)).body()).contains("[DONE]");
    }

    @Test
    void aRevokedNodeIsOutAtOnceAndStaysOut() throws Exception {
        rig.connect("gpu", llama);

        rig.relay.commands().run("nodes revoke", Map.of("node", "gpu"));

        assertThat(rig.relay.nodes().connected()).isEmpty();
        refused(post(CHAT, chat("sim", false, 1)), 404, "model_not_found");
    }

    @Test
    void wrongTokensAreRefusedWithAReason() throws Exception {
        String token = rig.token();
        rig.connect("gpu", llama);
        Node.Options options = new Node.Options(
                GoinferRig.config(llama),
                () -> GoinferRig.config(llama),
                List.of(new RelayAddress("127.0.0.1", rig.tunnelPort())),
                null,
                "x",
                folder.resolve("node-x"),
                "t",
                NodeLink.Resolver::system);

        assertThatThrownBy(() -> new Node(options, (a, b, c, d) -> {})).hasMessageContaining("goinfer token create");
        assertThatThrownBy(() -> new Node(with(options, "gij1.AAAA"), (a, b, c, d) -> {}))
                .hasMessageContaining("damaged");
        // As if the relay's disk were full.
        Files.move(folder.resolve("relay"), folder.resolve("away"));
        assertThatThrownBy(() -> new Node(with(options, token), (a, b, c, d) -> {}))
                .hasMessageContaining("the relay could not store it");
        Files.move(folder.resolve("away"), folder.resolve("relay"));
        rig.relay
                .commands()
                .run(
                        "token revoke",
                        Map.of(
                                "id",
                                rig.relay
                                        .commands()
                                        .run("token list", Map.of())
                                        .get(0)
                                        .get("id")));
        assertThatThrownBy(() -> new Node(with(options, token), (a, b, c, d) -> {}))
                .hasMessageContaining("unknown join token");
    }

    private static Node.Options with(Node.Options options, String token) {
        return new Node.Options(
                options.config(),
                options.source(),
                options.relays(),
                token,
                options.name(),
                options.stateFolder(),
                options.software(),
                options.resolver());
    }

    @Test
    void stoppingARelayLetsRunningExchangesFinish() throws Exception {
        rig.connect("gpu", llama);
        String slow = chat("sim", true, 30).replace("{\"model\"", "{\"sim_rate\":20,\"model\"");
        try (RawClient raw = new RawClient(rig.apiPort()).post(CHAT, rig.userKey, slow)) {
            raw.readUntil("sent_ns");

            CompletableFuture<Void> stopped = CompletableFuture.runAsync(() -> rig.stop(Duration.ofSeconds(20)));
            raw.readUntil("[DONE]");

            assertThat(raw.got.toString()).contains("[DONE]");
            stopped.get(20, TimeUnit.SECONDS);
        }
    }

    @Test
    void aSecondProcessOnTheSameStateIsRefusedByName() {
        assertThatThrownBy(() -> new GoinferRig(folder, GoinferConfig.defaults()))
                .hasMessageContaining(
                        "in use by process " + ProcessHandle.current().pid());
    }

    @Test
    void metricsCountWhatHappened() throws Exception {
        rig.connect("gpu", llama);
        post(CHAT, chat("sim", true, 2));
        post(CHAT, "{}");

        HttpRequest asAdmin = HttpRequest.newBuilder(URI.create(rig.base() + "/metrics"))
                .header("authorization", "Bearer " + rig.adminKey)
                .build();
        eventually("both are counted", () -> {
            try {
                String text = client.send(asAdmin, HttpResponse.BodyHandlers.ofString())
                        .body();
                return text.contains("goinfer_exchanges_total{status=\"200\"} 1.0")
                        && text.contains("goinfer_exchanges_total{status=\"404\"} 1.0")
                        && text.contains("goinfer_tunnel_sessions 1.0")
                        && text.contains("gen_ai_server_time_to_first_token_seconds_bucket");
            } catch (Exception e) {
                return false;
            }
        });
    }

    @Test
    void corsFollowsTheListOfOrigins() throws Exception {
        GoinferConfig d = GoinferConfig.defaults();
        open.remove(rig);
        rig.close();
        rig = new GoinferRig(
                folder.resolve("cors"),
                d.with(new GoinferConfig.Server(
                        List.of(), Map.of(), List.of("https://chat.example.com", "localhost"), null)));
        open.add(rig);

        try (RawClient raw = new RawClient(rig.apiPort())) {
            raw.send(
                    "OPTIONS " + CHAT + " HTTP/1.1\r\nHost: x\r\nOrigin: https://chat.example.com\r\n"
                            + "Access-Control-Request-Method: POST\r\nAccess-Control-Request-Headers: authorization\r\nConnection: close\r\n\r\n");
            assertThat(raw.readAll())
                    .startsWith("HTTP/1.1 204")
                    .contains("access-control-allow-origin: https://chat.example.com")
                    .contains("access-control-allow-headers: authorization");
        }
        try (RawClient raw = new RawClient(rig.apiPort())) {
            raw.send(
                    "GET /v1/models HTTP/1.1\r\nHost: x\r\nOrigin: http://localhost:3000\r\nConnection: close\r\n\r\n");
            assertThat(raw.readAll())
                    .startsWith("HTTP/1.1 401")
                    .contains("access-control-allow-origin: http://localhost:3000");
        }
        try (RawClient raw = new RawClient(rig.apiPort())) {
            raw.send("GET /v1/models HTTP/1.1\r\nHost: x\r\nOrigin: https://evil.example\r\nConnection: close\r\n\r\n");
            assertThat(raw.readAll()).doesNotContain("access-control-allow-origin");
        }
    }

    /** A body of zeros that is never in memory. */
    private static final class Zeros extends InputStream {
        private long left;

        Zeros(long size) {
            left = size;
        }

        @Override
        public int read() {
            return left-- > 0 ? 0 : -1;
        }

        @Override
        public int read(byte[] buffer, int at, int length) {
            if (left <= 0) {
                return -1;
            }
            int size = (int) Math.min(left, length);
            java.util.Arrays.fill(buffer, at, at + size, (byte) 0);
            left -= size;
            return size;
        }
    }
}
