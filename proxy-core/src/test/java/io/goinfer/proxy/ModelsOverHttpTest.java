// SPDX-License-Identifier: MIT
package io.goinfer.proxy;

import static io.goinfer.tunnel.testing.Eventually.eventually;
import static org.assertj.core.api.Assertions.assertThat;

import io.goinfer.bench.llama.SimulatedLlama;
import io.goinfer.bench.llama.Simulation;
import io.goinfer.proxy.config.ConfigException;
import io.goinfer.proxy.config.ConfigProblem;
import io.goinfer.proxy.config.GoinferConfig;
import io.goinfer.proxy.config.swap.SwapConfig;
import io.goinfer.proxy.config.swap.SwapLoader;
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

/** Models of a llama-swap.yml, seen by a client: real processes, and the simulated llama-server as what they serve. */
@DisabledOnOs(OS.WINDOWS)
class ModelsOverHttpTest {
    private static final String CHAT = "/v1/chat/completions";

    @TempDir
    Path folder;

    private final HttpClient client = HttpClient.newHttpClient();
    private final List<AutoCloseable> open = new ArrayList<>();
    private SimulatedLlama llama;
    private GoinferRig rig;

    @BeforeEach
    void start() {
        llama = SimulatedLlama.start(Simulation.quick("sim").withSlots(2), 0);
        open.add(llama);
    }

    @AfterEach
    void stop() throws Exception {
        for (int i = open.size() - 1; i >= 0; i--) {
            open.get(i).close();
        }
    }

    private static GoinferConfig with(String yaml) throws Exception {
        SwapConfig swap = SwapLoader.parse("test", yaml, Map.of()).config();
        return GoinferConfig.defaults().with(GoinferConfig.ModelsConfig.of(swap));
    }

    /** A process that does nothing, in front of the simulated server. */
    private String model(String id, String more) {
        return "  " + id + ": {cmd: sh -c 'echo I am " + id + "; exec sleep 1000', proxy: '" + llama.url() + "'" + more
                + "}\n";
    }

    private GoinferRig rig(GoinferConfig config) throws Exception {
        rig = new GoinferRig(folder.resolve("rig"), config);
        open.add(rig);
        return rig;
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

    private String logOf(String model) {
        try {
            return call("GET", "/logs/" + model, rig.adminKey, null).body();
        } catch (Exception e) {
            throw new AssertionError(e);
        }
    }

    private String running() {
        try {
            return call("GET", "/running", rig.adminKey, null).body();
        } catch (Exception e) {
            throw new AssertionError(e);
        }
    }

    private HttpResponse<String> chat(String model) throws Exception {
        return call(
                "POST",
                CHAT,
                rig.userKey,
                "{\"model\":\"" + model + "\",\"max_tokens\":2,\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}]}");
    }

    @Test
    void modelsStartTakeTurnsAndStop() throws Exception {
        rig(with("models:\n" + model("a", ", aliases: [first]") + model("b", ", useModelName: own")));
        assertThat(call("GET", "/running", rig.adminKey, null).body()).isEqualTo("{\"running\":[]}");

        HttpResponse<String> answer = chat("first");
        assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
        assertThat(answer.headers().firstValue("x-goinfer-node")).contains("local");
        assertThat(llama.counts().lastBody()).contains("\"model\":\"a\"");
        assertThat(call("GET", "/running", rig.adminKey, null).body())
                .contains("\"model\":\"a\",\"state\":\"ready\"")
                .doesNotContain("\"b\"");

        assertThat(chat("b").statusCode()).isEqualTo(200);
        assertThat(llama.counts().lastBody()).contains("\"model\":\"own\"");
        assertThat(call("GET", "/running", rig.adminKey, null).body())
                .contains("\"model\":\"b\"")
                .doesNotContain("\"a\"");
        eventually("its log is there", () -> logOf("b").contains("I am b"));
        assertThat(call("GET", "/v1/models", rig.userKey, null).body())
                .contains("\"id\":\"b\"")
                .contains("\"status\":{\"value\":\"loaded\"}")
                .doesNotContain("\"id\":\"first\"");

        assertThat(call("POST", "/api/models/unload/b", rig.adminKey, "").body())
                .isEqualTo("OK");
        assertThat(call("GET", "/running", rig.adminKey, null).body()).isEqualTo("{\"running\":[]}");
        assertThat(call("POST", "/api/models/unload/nope", rig.adminKey, "").statusCode())
                .isEqualTo(404);
        assertThat(call("GET", "/unload", rig.adminKey, null).body()).isEqualTo("OK");
    }

    @Test
    void aUsersKeyUsesModelsAndALlamaSwapKeyMayUnloadThem() throws Exception {
        rig(with("apiKeys: [swap-key]\nmodels:\n" + model("a", "")));

        assertThat(call("GET", "/running", rig.userKey, null).statusCode()).isEqualTo(403);
        assertThat(call("GET", "/unload", rig.userKey, null).statusCode()).isEqualTo(403);
        assertThat(call("GET", "/upstream/a/slots", rig.userKey, null).statusCode())
                .isEqualTo(403);
        assertThat(call("GET", "/running", "swap-key", null).statusCode()).isEqualTo(200);
        assertThat(call("GET", "/metrics", "swap-key", null).statusCode()).isEqualTo(403);
        assertThat(call("GET", "/models", rig.userKey, null).body())
                .contains("\"count\":1")
                .contains("\"a\":{");
    }

    @Test
    void anyPathOfAModelsServerIsReached() throws Exception {
        rig(with("models:\n" + model("author", "") + model("author/model", "")));

        assertThat(call("GET", "/upstream/author/model/v1/sim/headers?x=1", rig.adminKey, null)
                        .body())
                .contains("\"uri\":\"/v1/sim/headers?x=1\"");
        assertThat(call("GET", "/running", rig.adminKey, null).body()).contains("\"model\":\"author/model\"");
        assertThat(call("GET", "/upstream/author%2Fmodel/v1/sim/headers", rig.adminKey, null)
                        .body())
                .contains("\"uri\":\"/v1/sim/headers\"");
        assertThat(call("GET", "/upstream/author/props", rig.adminKey, null).body())
                .contains("total_slots");
        assertThat(call("GET", "/upstream/nobody/props", rig.adminKey, null).statusCode())
                .isEqualTo(404);
        assertThat(call("POST", "/tokenize", rig.userKey, "{\"model\":\"author\",\"content\":\"x\"}")
                        .statusCode())
                .as("the simulated server has no such path, and says so itself")
                .isEqualTo(404);
    }

    @Test
    void aFormsFieldNamesTheModel() throws Exception {
        rig(with("models:\n" + model("whisper", "")));
        String form = "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.wav\"\r\n\r\nRIFF\r\n"
                + "--b\r\nContent-Disposition: form-data; name=\"model\"\r\n\r\nwhisper\r\n--b--\r\n";

        HttpResponse<String> answer = client.send(
                HttpRequest.newBuilder(URI.create(rig.base() + "/v1/sim/upload"))
                        .header("authorization", "Bearer " + rig.userKey)
                        .header("content-type", "multipart/form-data; boundary=b")
                        .POST(HttpRequest.BodyPublishers.ofString(form))
                        .build(),
                HttpResponse.BodyHandlers.ofString());

        assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
        assertThat(answer.body()).contains("\"bytes\":" + form.length());
        assertThat(answer.headers().firstValue("x-goinfer-model")).contains("whisper");
    }

    @Test
    void filtersTakeOutAndPutIn() throws Exception {
        rig(
                with(
                        "models:\n"
                                + model(
                                        "a",
                                        ", filters: {stripParams: 'temperature, top_k', setParams: {seed: 7, stop: [x], min_p: 0.5}}")));

        HttpResponse<String> answer = client.send(
                HttpRequest.newBuilder(URI.create(rig.base() + CHAT))
                        .header("authorization", "Bearer " + rig.userKey)
                        .header("content-type", "application/json")
                        .POST(
                                HttpRequest.BodyPublishers.ofString(
                                        "{\"model\":\"a\",\"temperature\":2,\"seed\":1,\"max_tokens\":2,\"big\":1e400,\"messages\":[{\"top_k\":3}]}"))
                        .build(),
                HttpResponse.BodyHandlers.ofString());

        assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
        assertThat(llama.counts().lastBody())
                .isEqualTo(
                        "{\"model\":\"a\",\"seed\":7,\"max_tokens\":2,\"big\":1e400,\"messages\":[{\"top_k\":3}],\"min_p\":0.5,\"stop\":[\"x\"]}");
    }

    @Test
    void whatAProcessWroteStandsInTheError() throws Exception {
        rig(with("models: {m: {cmd: \"sh -c 'echo out of memory; exit 9' ${PORT}\"}}"));

        HttpResponse<String> answer = chat("m");

        assertThat(answer.statusCode()).isEqualTo(500);
        assertThat(answer.body())
                .contains("\"code\":\"model_failed\"")
                .contains("out of memory")
                .contains("code 9");
    }

    @Test
    void aLimitOfRequestsAnswers429() throws Exception {
        rig(with("models:\n" + model("a", ", concurrencyLimit: 1")));
        String endless = "{\"model\":\"a\",\"stream\":true,\"sim_rate\":5,\"max_tokens\":10000,\"messages\":[]}";

        try (RawClient first = new RawClient(rig.apiPort()).post(CHAT, rig.userKey, endless)) {
            assertThat(first.readUntilCount("sent_ns", 1)).isTrue();
            HttpResponse<String> second = chat("a");
            assertThat(second.statusCode()).isEqualTo(429);
            assertThat(second.headers().firstValue("retry-after")).contains("1");
            assertThat(second.body()).contains("concurrency_limit");
        }
        eventually("the place is free again", () -> rig.relay.fleet().running("local") == 0);
        assertThat(chat("a").statusCode()).isEqualTo(200);
    }

    private static GoinferConfig impatient(GoinferConfig config) {
        GoinferConfig.Limits l = config.limits();
        return new GoinferConfig(
                config.server(),
                config.tls(),
                config.node(),
                config.models(),
                config.balance(),
                new GoinferConfig.Limits(
                        l.jsonBodyBytes(),
                        l.bodyBytes(),
                        l.selectBytes(),
                        l.connections(),
                        l.connectionsPerAddress(),
                        l.streams(),
                        l.queue(),
                        l.drain(),
                        Duration.ofMillis(100),
                        l.resume()));
    }

    @Test
    void whoStreamsIsKeptWhileTheModelLoads() throws Exception {
        llama.close();
        llama = SimulatedLlama.start(Simulation.quick("sim").withLoadTime(Duration.ofSeconds(2)), 0);
        open.set(0, llama);
        rig(impatient(with("models:\n" + model("slow", ""))));

        HttpResponse<String> streamed = call(
                "POST", CHAT, rig.userKey, "{\"model\":\"slow\",\"stream\":true,\"max_tokens\":2,\"messages\":[]}");

        assertThat(streamed.statusCode()).isEqualTo(200);
        assertThat(streamed.headers().firstValue("content-type")).contains("text/event-stream");
        assertThat(streamed.body()).startsWith(": keep-alive\n\ndata: ").endsWith("data: [DONE]\n\n");
    }

    /** As nginx asks, unless it is told otherwise: no chunks, and the connection's end ends the answer. */
    @Test
    void whoStreamsOverHttp10IsKeptToo() throws Exception {
        llama.close();
        llama = SimulatedLlama.start(Simulation.quick("sim").withLoadTime(Duration.ofSeconds(2)), 0);
        open.set(0, llama);
        rig(impatient(with("models:\n" + model("slow", ""))));
        String body = "{\"model\":\"slow\",\"stream\":true,\"max_tokens\":2,\"messages\":[]}";

        try (RawClient raw = new RawClient(rig.apiPort())) {
            raw.send("POST " + CHAT + " HTTP/1.0\r\nAuthorization: Bearer " + rig.userKey
                    + "\r\nContent-Type: application/json\r\nContent-Length: " + body.length() + "\r\n\r\n" + body);
            String all = raw.readAll();
            assertThat(all)
                    .startsWith("HTTP/1.1 200 OK\r\n")
                    .contains("connection: close")
                    .doesNotContain("transfer-encoding")
                    .contains("\r\n\r\n: keep-alive\n\ndata: ")
                    .endsWith("data: [DONE]\n\n");
        }
    }

    @Test
    void afterTheEarlyHeadAnErrorIsAnEvent() throws Exception {
        rig(impatient(with("models: {m: {cmd: \"sh -c 'sleep 1; echo no memory; exit 1' ${PORT}\"}}")));

        HttpResponse<String> streamed =
                call("POST", CHAT, rig.userKey, "{\"model\":\"m\",\"stream\":true,\"messages\":[]}");
        HttpResponse<String> plain = chat("m");

        assertThat(streamed.statusCode()).isEqualTo(200);
        assertThat(streamed.body())
                .startsWith(": keep-alive\n\n")
                .contains("model_failed")
                .contains("no memory")
                .doesNotContain("[DONE]");
        assertThat(plain.statusCode()).as("who does not stream gets the status").isEqualTo(500);
    }

    @Test
    void whoLeavesTheQueueTakesNoSlot() throws Exception {
        rig(with("models:\n" + model("a", "")));
        String endless = "{\"model\":\"a\",\"stream\":true,\"sim_rate\":5,\"max_tokens\":10000,\"messages\":[]}";
        try (RawClient first = new RawClient(rig.apiPort()).post(CHAT, rig.userKey, endless);
                RawClient second = new RawClient(rig.apiPort()).post(CHAT, rig.userKey, endless)) {
            assertThat(first.readUntilCount("sent_ns", 1)).isTrue();
            assertThat(second.readUntilCount("sent_ns", 1)).isTrue();
            int before = llama.counts().requests.get();
            // Much more than what is read ahead: its leaving must be seen all the same.
            String large =
                    endless.replace("[]", "[{\"role\":\"user\",\"content\":\"" + "long ".repeat(200_000) + "\"}]");
            RawClient third = new RawClient(rig.apiPort()).post(CHAT, rig.userKey, large);
            eventually("three exchanges run", () -> rig.relay.fleet().running("local") == 3);
            third.close();
            eventually("the third is gone", () -> rig.relay.fleet().running("local") == 2);
            assertThat(llama.counts().requests.get())
                    .as("it never reached the server")
                    .isEqualTo(before);
        }
    }

    @Test
    void aNodesModelsAreStartedThroughTheTunnelAndTheLoadedPlaceIsPreferred() throws Exception {
        rig(GoinferConfig.defaults());
        String yaml = "models:\n" + model("m", "");
        rig.connect("one", with(yaml));
        rig.connect("two", with(yaml));
        eventually(
                "both have it",
                () -> rig.relay.fleet().catalog().models().stream()
                        .anyMatch(model -> model.places().size() == 2));

        HttpResponse<String> first = chat("m");
        assertThat(first.statusCode()).as(first.body()).isEqualTo(200);
        String node = first.headers().firstValue("x-goinfer-node").orElseThrow();
        eventually(
                "the relay knows where it is loaded",
                () -> rig.relay.fleet().catalog().models().stream()
                        .flatMap(model -> model.places().stream())
                        .anyMatch(place -> place.ready() && place.owner().equals(node)));
        for (int i = 0; i < 5; i++) {
            assertThat(chat("m").headers().firstValue("x-goinfer-node")).contains(node);
        }
    }

    /** By API: what is unchanged keeps its process, what is wrong changes nothing and is said in full. */
    @Test
    void aConfigurationIsReadAgainByOrder() throws Exception {
        rig(with("models:\n" + model("a", "") + model("b", "")));
        assertThat(chat("a").statusCode()).isEqualTo(200);

        rig.edit(() -> {
            throw new ConfigException(
                    List.of(new ConfigProblem("goinfer.yml", 7, "limits.queue", "-1 (expected: 1 to 100)", true)));
        });
        HttpResponse<String> bad = call("POST", "/api/config/reload", rig.adminKey, "");
        assertThat(bad.statusCode()).isEqualTo(400);
        assertThat(bad.body())
                .contains("\"code\":\"invalid_config\"")
                .contains("\"line\":7")
                .contains("-1 (expected: 1 to 100)");
        assertThat(chat("b").statusCode()).as("nothing changed").isEqualTo(200);
        assertThat(chat("a").statusCode()).isEqualTo(200);
        eventually("its process is known", () -> !running().contains("\"pid\":0"));
        String before = running();

        GoinferConfig next = with("models:\n" + model("a", "") + model("c", ""));
        rig.edit(() -> next);
        assertThat(call("POST", "/api/config/reload", rig.userKey, "").statusCode())
                .isEqualTo(403);
        assertThat(call("POST", "/api/config/reload", rig.adminKey, "").body()).isEqualTo("{\"reloaded\":true}");
        assertThat(call("GET", "/running", rig.adminKey, null).body())
                .as("a kept its process")
                .isEqualTo(before);
        assertThat(chat("b").statusCode()).isEqualTo(404);
        assertThat(chat("c").statusCode()).isEqualTo(200);
    }

    @Test
    void aNodesConfigurationIsReadAgainThroughTheTunnel() throws Exception {
        rig(GoinferConfig.defaults());
        rig.connect("attic", with("models:\n" + model("a", "")));
        GoinferConfig next = with("models:\n" + model("a", "") + model("c", ""));
        rig.edit(() -> next);

        assertThat(call("POST", "/api/config/reload?node=nowhere", rig.adminKey, "")
                        .statusCode())
                .isEqualTo(404);
        assertThat(call("POST", "/api/config/reload?node=attic", rig.adminKey, "")
                        .body())
                .isEqualTo("{\"reloaded\":true}");
        eventually("the relay knows c", () -> rig.relay.fleet().catalog().find("c") != null);
        assertThat(chat("c").statusCode()).isEqualTo(200);
    }
}
