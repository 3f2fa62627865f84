// SPDX-License-Identifier: MIT
package io.goinfer.proxy;

import static io.goinfer.tunnel.testing.Eventually.eventually;
import static org.assertj.core.api.Assertions.assertThat;

import io.goinfer.bench.llama.SimulatedLlama;
import io.goinfer.bench.llama.Simulation;
import io.goinfer.proxy.config.GoinferConfig;
import io.goinfer.proxy.config.swap.SwapLoader;
import io.goinfer.proxy.json.JsonTree;
import io.goinfer.proxy.testing.GoinferRig;
import io.goinfer.proxy.testing.RawClient;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** Models on nodes behind the tunnel, asked and ordered at the relay; goinfer's own API; names that mean one of several models. */
@DisabledOnOs(OS.WINDOWS)
class FleetOverHttpTest {
    @TempDir
    Path folder;

    private final HttpClient client = HttpClient.newHttpClient();
    private final List<AutoCloseable> open = new ArrayList<>();
    private SimulatedLlama llama;
    private GoinferRig rig;

    @BeforeEach
    void start() throws Exception {
        llama = SimulatedLlama.start(Simulation.quick("sim").withSlots(2), 0);
        open.add(llama);
        rig = new GoinferRig(folder.resolve("rig"), GoinferConfig.defaults());
        open.add(rig);
    }

    @AfterEach
    void stop() throws Exception {
        for (int i = open.size() - 1; i >= 0; i--) {
            open.get(i).close();
        }
    }

    private static GoinferConfig with(String yaml) throws Exception {
        return GoinferConfig.defaults()
                .with(GoinferConfig.ModelsConfig.of(
                        SwapLoader.parse("test", yaml, Map.of()).config()));
    }

    private String model(String id, String more) {
        return "  " + id + ": {cmd: sh -c 'echo I am " + id + "; exec sleep 1000', proxy: '" + llama.url() + "'" + more
                + "}\n";
    }

    private HttpResponse<String> call(String method, String path, String key, String body) throws Exception {
        return client.send(
                HttpRequest.newBuilder(URI.create(rig.base() + path))
                        .timeout(Duration.ofSeconds(30))
                        .header("authorization", "Bearer " + key)
                        .method(
                                method,
                                body == null
                                        ? HttpRequest.BodyPublishers.noBody()
                                        : HttpRequest.BodyPublishers.ofString(body))
                        .build(),
                HttpResponse.BodyHandlers.ofString());
    }

    private HttpResponse<String> admin(String method, String path) throws Exception {
        return call(method, path, rig.adminKey, null);
    }

    private HttpResponse<String> chat(String model) throws Exception {
        return call(
                "POST",
                "/v1/chat/completions",
                rig.userKey,
                "{\"model\":\"" + model + "\",\"max_tokens\":2,\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}]}");
    }

    private boolean running(String text) {
        try {
            return admin("GET", "/running").body().contains(text);
        } catch (Exception e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void whatRunsOnNodesIsShownAndStoppedAtTheRelay() throws Exception {
        rig.connect("attic", with("models:\n" + model("a", "")));
        rig.connect("cellar", with("models:\n" + model("b", "")));
        assertThat(chat("a").statusCode()).isEqualTo(200);
        assertThat(chat("b").statusCode()).isEqualTo(200);

        assertThat(running("\"model\":\"a\"")).isTrue();
        assertThat(running("\"node\":\"cellar\"")).isTrue();
        assertThat(admin("GET", "/running?node=attic").body())
                .contains("\"model\":\"a\"")
                .doesNotContain("\"model\":\"b\"");
        assertThat(admin("GET", "/running?node=nowhere").statusCode()).isEqualTo(404);
        eventually("a's log is there", () -> text("/logs/a").contains("I am a"));
        eventually("b's log is there", () -> text("/logs/b").contains("I am b"));
        assertThat(text("/logs?node=cellar")).contains("I am b").doesNotContain("I am a");
        assertThat(text("/logs")).contains("I am a").contains("I am b");
        assertThat(admin("GET", "/models").body())
                .contains("\"count\":2")
                .contains("\"nodes\":[\"attic\"]")
                .contains("\"nodes\":[\"cellar\"]")
                .contains("\"data\":[");

        assertThat(admin("POST", "/api/models/unload/b").body()).isEqualTo("OK");
        assertThat(running("\"model\":\"b\"")).isFalse();
        assertThat(running("\"model\":\"a\"")).isTrue();
        assertThat(admin("GET", "/unload").body()).isEqualTo("OK");
        assertThat(admin("GET", "/running").body()).isEqualTo("{\"running\":[]}");
        assertThat(call("GET", "/running", rig.userKey, null).statusCode()).isEqualTo(403);
    }

    private String text(String path) {
        try {
            return admin("GET", path).body();
        } catch (Exception e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void aModelsLogStreamsFromItsNode() throws Exception {
        rig.connect(
                "attic",
                with("models:\n  a: {cmd: sh -c 'while :; do echo tick; sleep 0.05; done', proxy: '" + llama.url()
                        + "'}\n"));
        assertThat(chat("a").statusCode()).isEqualTo(200);
        try (RawClient raw = new RawClient(rig.apiPort()).get("/logs/stream/a?no-history", rig.adminKey)) {
            assertThat(raw.readUntilCount("tick", 5)).as("one").isTrue();
        }
        try (RawClient raw = new RawClient(rig.apiPort()).get("/logs/stream", rig.adminKey)) {
            assertThat(raw.readUntilCount("tick", 5)).as("one").isTrue();
        }
        assertThat(admin("GET", "/logs/stream/nobody").statusCode()).isEqualTo(400);
    }

    @Test
    void theRouterPrefersTheNodeWhereTheModelIsLoaded() throws Exception {
        rig.connect("attic", with("models:\n" + model("a", "")));
        rig.connect("cellar", with("models:\n" + model("a", "")));
        HttpResponse<String> first = call(
                "POST",
                "/v1/chat/completions?x",
                rig.userKey,
                "{\"model\":\"cellar/a\",\"max_tokens\":1,\"messages\":[{\"role\":\"user\",\"content\":\"x\"}]}");
        assertThat(first.headers().firstValue("x-goinfer-node")).contains("cellar");
        eventually(
                "its state is known",
                () -> rig.relay.fleet().catalog().find("a").places().stream()
                        .anyMatch(place -> place.owner().equals("cellar") && place.ready()));
        for (int i = 0; i < 4; i++) {
            assertThat(chat("a").headers().firstValue("x-goinfer-node")).contains("cellar");
        }
    }

    @Test
    void goinfersOwnApiTakesAPromptAndAnswersAsItsClientsExpect() throws Exception {
        rig.connect("attic", llama);
        String plain = call("POST", "/infer", rig.userKey, "{\"model\":\"sim\",\"prompt\":\"Hello\",\"max_tokens\":3}")
                .body();
        Map<String, Object> result = JsonTree.object(plain.getBytes(java.nio.charset.StandardCharsets.UTF_8));
        assertThat(result)
                .as(plain)
                .containsKeys("text", "thinkingTime", "emitTimeFormat", "totalTime", "tokensPerSecond");
        assertThat(JsonTree.number(result.get("totalTokens"), -1)).isEqualTo(3);
        assertThat(llama.counts().lastBody())
                .contains("\"n_predict\":3")
                .contains("\"temperature\":0.2")
                .contains("\"stop\":[\"</s>\"]");

        HttpResponse<String> stream = call(
                "POST",
                "/infer",
                rig.userKey,
                "{\"model\":{\"name\":\"sim\",\"ctx\":2048},\"prompt\":\"Hello\",\"max_tokens\":2,\"stream\":true,\"ctx\":4096,\"seed\":5}");
        assertThat(stream.headers().firstValue("x-goinfer-ignored")).contains("ctx");
        List<String> events =
                stream.body().lines().filter(line -> !line.isEmpty()).toList();
        assertThat(events.get(0)).contains("\"content\":\"start_emitting\"").contains("thinking_time_format");
        assertThat(events.get(1)).contains("\"num\":1").contains("\"msg_type\":\"token\"");
        assertThat(events.get(events.size() - 2))
                .contains("\"content\":\"result\"")
                .contains("\"totalTokens\":2");
        assertThat(events.get(events.size() - 1)).isEqualTo("data: [DONE]");
        assertThat(llama.counts().lastBody()).contains("\"seed\":5").doesNotContain("\"ctx\"");
    }

    @Test
    void goinfersOwnApiRefusesWithItsOwnNumbers() throws Exception {
        rig.connect("attic", llama);
        assertThat(call("POST", "/infer", rig.userKey, "{\"model\":\"sim\"}").body())
                .contains("\"code\":-32149");
        HttpResponse<String> stops = call(
                "POST",
                "/infer",
                rig.userKey,
                "{\"model\":\"sim\",\"prompt\":\"x\",\"stop\":[1,2,3,4,5,6,7,8,9,10,11]}");
        assertThat(stops.statusCode()).isEqualTo(400);
        assertThat(stops.body()).contains("stop: expected a list of at most 10 texts");
        assertThat(call("POST", "/infer", rig.userKey, "{\"model\":\"nope\",\"prompt\":\"x\"}")
                        .statusCode())
                .isEqualTo(404);
        assertThat(call("POST", "/infer", "wrong", "{}").statusCode()).isEqualTo(401);
        assertThat(call("GET", "/infer", rig.userKey, null).statusCode()).isEqualTo(405);
    }

    @Test
    void whoNamesNoModelGetsTheLoadedOne() throws Exception {
        rig.connect("attic", llama);
        assertThat(call("POST", "/completion", rig.userKey, "{\"prompt\":\"x\",\"n_predict\":1}")
                        .statusCode())
                .isEqualTo(200);
        assertThat(call("GET", "/props", rig.userKey, null).body()).contains("total_slots");
        assertThat(call("POST", "/v1/completions", rig.userKey, "{\"prompt\":\"x\"}")
                        .body())
                .contains("model_required");
    }

    @Test
    void aRunningInferIsEndedByItsOwnKeyOnly() throws Exception {
        rig.connect("attic", llama);
        String endless = "{\"model\":\"sim\",\"prompt\":\"x\",\"max_tokens\":1000000,\"stream\":true}";
        assertThat(admin("GET", "/infer/abort").statusCode()).isEqualTo(202);
        try (RawClient raw = new RawClient(rig.apiPort()).post("/infer", rig.userKey, endless)) {
            raw.readUntil("\"num\":1");
            assertThat(admin("POST", "/infer/abort").statusCode())
                    .as("another's")
                    .isEqualTo(202);
            assertThat(call("GET", "/infer/abort", rig.userKey, null).statusCode())
                    .isEqualTo(204);
            assertThat(raw.readAll()).doesNotContain("\"content\":\"result\"");
        }
        eventually("the backend was left", () -> llama.counts().running.get() == 0);
        try (RawClient raw = new RawClient(rig.apiPort()).post("/infer", rig.userKey, endless)) {
            raw.readUntil("\"num\":1");
            assertThat(admin("POST", "/infer/abort?all=1").statusCode()).isEqualTo(204);
            raw.readAll();
        }
    }

    @Test
    void aNodesSelectorsAndProfilesArePartOfItsCatalog() throws Exception {
        Node node = rig.connect(
                "attic",
                with("models:\n" + model("a", "") + model("b", "")
                        + "selectors: {any: {strategy: warm, targets: [a, b]}}\n"));
        assertThat(chat("b").statusCode()).isEqualTo(200);
        assertThat(chat("any").statusCode()).isEqualTo(200);
        assertThat(running("\"model\":\"b\"")).as("the loaded one").isTrue();
        assertThat(running("\"model\":\"a\"")).isFalse();
        assertThat(admin("GET", "/v1/models").body())
                .contains("\"type\":\"selector\"")
                .contains("\"strategy\":\"warm\"");
        assertThat(node).isNotNull();
    }

    @Test
    void aNodeIsMeasuredWhereItHasModelsOfItsOwn() throws Exception {
        rig.connect("attic", with("models:\n" + model("a", "")));
        assertThat(admin("GET", "/api/performance").statusCode())
                .as("the relay has none")
                .isEqualTo(503);
        assertThat(admin("GET", "/api/performance?node=attic").body())
                .startsWith("{\"enabled\":true")
                .contains("\"gpu_stats\":[");
        HttpResponse<String> bad = admin("GET", "/api/performance?node=attic&after=a%26b");
        assertThat(bad.statusCode()).isEqualTo(400);
        assertThat(bad.body()).contains("after: a&b (expected: RFC 3339)");
        assertThat(admin("GET", "/api/hardware?node=attic").body()).contains("\"capacity_bytes\":");
    }

    @Test
    void requestsThatWereAreShownAndThoseThatRunCanBeEnded() throws Exception {
        rig.connect("attic", llama);
        chat("sim");
        assertThat(text("/api/metrics")).contains("\"model\":\"sim\"").contains("\"output_tokens\":2");
        assertThat(text("/api/metrics/activity?limit=1&order=asc"))
                .contains("\"req_path\":\"/v1/chat/completions\"")
                .contains("\"total\":1");
        assertThat(admin("GET", "/api/metrics/activity?limit=0").statusCode()).isEqualTo(400);
        assertThat(text("/api/metrics/stats")).contains("\"total_requests\":1").contains("\"total_output_tokens\":2");
        try (RawClient events = new RawClient(rig.apiPort()).get("/api/events", rig.adminKey);
                RawClient raw = new RawClient(rig.apiPort())
                        .post(
                                "/v1/chat/completions",
                                rig.userKey,
                                "{\"model\":\"sim\",\"stream\":true,\"sim_rate\":20,\"max_tokens\":1000000,\"messages\":[{\"role\":\"user\",\"content\":\"x\"}]}")) {
            assertThat(events.readUntil("modelStatus")).isTrue();
            raw.readUntil("sent_ns");
            assertThat(events.readUntil("upsert")).isTrue();
            String id = raw.got.toString().replaceAll("(?s).*x-request-id: (\\S+).*", "$1");
            assertThat(admin("POST", "/api/inflight/" + id + "/cancel").statusCode())
                    .isEqualTo(200);
            assertThat(raw.readAll()).contains("cancelled");
            assertThat(events.readUntil("remove")).isTrue();
        }
        assertThat(admin("POST", "/api/inflight/nope/cancel").statusCode()).isEqualTo(404);
    }
}
