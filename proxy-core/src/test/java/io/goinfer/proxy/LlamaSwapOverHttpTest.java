// SPDX-License-Identifier: MIT
package io.goinfer.proxy;

import static io.goinfer.tunnel.testing.Eventually.eventually;
import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import io.goinfer.bench.llama.SimulatedLlama;
import io.goinfer.bench.llama.Simulation;
import io.goinfer.proxy.config.Balance;
import io.goinfer.proxy.config.GoinferConfig;
import io.goinfer.proxy.config.swap.SwapLoader;
import io.goinfer.proxy.model.local.ModelOutput;
import io.goinfer.proxy.testing.GoinferRig;
import io.goinfer.proxy.testing.RawClient;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.LoggerFactory;

/** What llama-swap's own tests ask of it, as a client sees it: who is loaded, who waits, who must go, how a model is named. */
@DisabledOnOs(OS.WINDOWS)
class LlamaSwapOverHttpTest {
    private static final String CHAT = "/v1/chat/completions";

    @TempDir
    Path folder;

    private final HttpClient client = HttpClient.newHttpClient();
    private final List<AutoCloseable> open = new ArrayList<>();
    private SimulatedLlama llama;
    private GoinferRig rig;
    private Path starts;

    @BeforeEach
    void start() {
        starts = folder.resolve("starts");
        serve(Simulation.quick("sim").withSlots(4));
    }

    private void serve(Simulation simulation) {
        llama = SimulatedLlama.start(simulation, 0);
        open.add(llama);
    }

    @AfterEach
    void stop() throws Exception {
        for (int i = open.size() - 1; i >= 0; i--) {
            open.get(i).close();
        }
    }

    private void rig(String yaml) throws Exception {
        rig(yaml, Balance.DEFAULT);
    }

    private void rig(String yaml, Balance balance) throws Exception {
        GoinferConfig d = GoinferConfig.defaults();
        GoinferConfig config = new GoinferConfig(
                d.server(),
                d.tls(),
                d.node(),
                GoinferConfig.ModelsConfig.of(
                        SwapLoader.parse("test", yaml, Map.of()).config()),
                balance,
                d.limits());
        rig = new GoinferRig(folder.resolve("rig"), config);
        open.add(rig);
    }

    /** A process that says that it was started, in front of the simulated server; it is not stopped before it said so. */
    private String model(String id, String more) {
        String said = folder.resolve("said").toString();
        String cmd = "sh -c 'echo " + id + " >> " + starts + "; echo >> " + said + ".$$; exec sleep 1000'";
        String stop = "sh -c 'until [ -e " + said + ".${PID} ]; do sleep 0.01; done; kill ${PID}'";
        return "  " + id + ": {cmd: \"" + cmd + "\", cmdStop: \"" + stop + "\", proxy: '" + llama.url() + "'" + more
                + "}\n";
    }

    private List<String> started() {
        try {
            return Files.exists(starts) ? Files.readAllLines(starts) : List.of();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** A model serves before its process has written its line. */
    private void assertStarted(String... ids) {
        eventually("as many started", () -> started().size() >= ids.length);
        assertThat(started()).containsExactly(ids);
    }

    private CompletableFuture<HttpResponse<String>> send(String method, String path, String body, String... headers) {
        HttpRequest.Builder request = HttpRequest.newBuilder(URI.create(rig.base() + path))
                .timeout(Duration.ofSeconds(30))
                .method(
                        method,
                        body == null ? HttpRequest.BodyPublishers.noBody() : HttpRequest.BodyPublishers.ofString(body));
        if (headers.length > 0) {
            request.headers(headers);
        } else {
            request.header("authorization", "Bearer " + rig.adminKey);
        }
        return client.sendAsync(request.build(), HttpResponse.BodyHandlers.ofString());
    }

    private String get(String path) {
        return send("GET", path, null).join().body();
    }

    private static String body(String model, String more) {
        return "{\"model\":\"" + model + "\",\"max_tokens\":2" + more
                + ",\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}]}";
    }

    private CompletableFuture<HttpResponse<String>> ask(String model, String more) {
        return send("POST", CHAT, body(model, more));
    }

    private int chat(String model) {
        return ask(model, "").join().statusCode();
    }

    private boolean runs(String model) {
        return get("/running").contains("\"model\":\"" + model + "\"");
    }

    private RawClient streaming(String model) throws Exception {
        RawClient raw = new RawClient(rig.apiPort())
                .post(
                        CHAT,
                        rig.userKey,
                        "{\"model\":\"" + model
                                + "\",\"stream\":true,\"sim_rate\":20,\"max_tokens\":100000,\"messages\":[]}");
        raw.readUntil("sent_ns");
        return raw;
    }

    // ---- who is loaded

    @Test
    void requestsForThreeModelsAtOnceStartEachOnce() throws Exception {
        rig("models:\n" + model("a", "") + model("b", "") + model("c", ""));

        List<CompletableFuture<HttpResponse<String>>> all =
                Stream.of("a", "b", "c", "a", "b", "c").map(id -> ask(id, "")).toList();

        all.forEach(one -> assertThat(one.join().statusCode()).isEqualTo(200));
        eventually("three started", () -> started().size() >= 3);
        assertThat(started()).containsExactlyInAnyOrder("a", "b", "c");
    }

    @Test
    void anotherModelWaitsUntilTheStreamIsOver() throws Exception {
        rig("models:\n" + model("a", "") + model("b", ""));
        CompletableFuture<HttpResponse<String>> other;
        try (RawClient raw = streaming("a")) {
            other = ask("b", "");
            raw.readUntilCount("sent_ns", 10);
            assertThat(other).as("a is in use").isNotDone();
            assertStarted("a");
        }
        assertThat(other.join().statusCode()).isEqualTo(200);
        assertStarted("a", "b");
    }

    @Test
    void whoLeavesWhileItWaitsLoadsNothing() throws Exception {
        rig("models:\n" + model("a", "") + model("b", ""));
        try (RawClient raw = streaming("a")) {
            RawClient waiting = new RawClient(rig.apiPort()).post(CHAT, rig.userKey, body("b", ""));
            eventually("b is asked for", () -> rig.relay.fleet().running("local") == 2);
            waiting.close();
            eventually("it left", () -> rig.relay.fleet().running("local") == 1);
            assertThat(raw.readUntilCount("sent_ns", 5)).isTrue();
        }
        assertThat(chat("a")).isEqualTo(200);
        assertStarted("a");
    }

    @Test
    void thePriorityDecidesWhoIsNext() throws Exception {
        rig("models:\n" + model("x", "") + model("a", "") + model("b", "") + model("c", "") + model("d", "")
                + "routing: {scheduler: {use: fifo, settings: {fifo: {priority: {a: 10, b: 5, c: 5, d: 1}}}}}\n");
        List<CompletableFuture<HttpResponse<String>>> all = new ArrayList<>();
        try (RawClient raw = streaming("x")) {
            for (String id : List.of("b", "d", "c", "a")) {
                int before = all.size() + 1;
                all.add(ask(id, ""));
                eventually("it waits", () -> rig.relay.fleet().running("local") == before + 1);
            }
            assertThat(raw.readUntilCount("sent_ns", 2)).isTrue();
        }
        all.forEach(one -> assertThat(one.join().statusCode()).isEqualTo(200));
        assertStarted("x", "a", "b", "c", "d");
    }

    @Test
    void groupsSayWhoStays() throws Exception {
        rig("models:\n" + model("a", "") + model("b", "") + model("c", "") + model("p", "")
                + "groups:\n  one: {swap: true, exclusive: true, members: [a, b]}\n"
                + "  two: {swap: false, exclusive: false, members: [c]}\n"
                + "  keep: {swap: false, exclusive: false, persistent: true, members: [p]}\n");

        assertThat(chat("p")).isEqualTo(200);
        assertThat(chat("a")).isEqualTo(200);
        assertThat(chat("c")).isEqualTo(200);
        assertThat(runs("a")).as("c's group is not exclusive").isTrue();
        assertThat(chat("b")).isEqualTo(200);
        assertThat(runs("a")).as("its group swaps").isFalse();
        assertThat(runs("c")).as("b's group is exclusive").isFalse();
        assertThat(runs("p")).as("persistent").isTrue();
    }

    @Test
    void aRequestThatComesWhileItsModelStopsStartsItAgain() throws Exception {
        rig("models:\n  a: {cmd: sh -c 'echo a >> " + starts
                + "; trap \"sleep 1; exit\" TERM; while true; do sleep 0.1; done', proxy: '" + llama.url() + "'}\n");
        assertThat(chat("a")).isEqualTo(200);

        CompletableFuture<HttpResponse<String>> unload = send("POST", "/api/models/unload/a", "");
        eventually("it stops", () -> get("/running").contains("stopping"));
        assertThat(chat("a")).isEqualTo(200);
        assertThat(unload.join().statusCode()).isEqualTo(200);
        assertStarted("a", "a");
    }

    @Test
    void unloadingWhileAModelLoadsEndsTheLoadAndTellsWhoWaits() throws Exception {
        rig("models: {slow: {cmd: sh -c 'echo slow >> " + starts
                + "; exec sleep 1000', proxy: 'http://127.0.0.1:1', checkEndpoint: /health}}");
        CompletableFuture<HttpResponse<String>> waiting = ask("slow", "");
        eventually("it loads", () -> get("/running").contains("starting"));

        assertThat(send("POST", "/api/models/unload", "").join().statusCode()).isEqualTo(200);
        assertThat(waiting.join().statusCode()).isGreaterThanOrEqualTo(500);
        assertThat(get("/running")).isEqualTo("{\"running\":[]}");
    }

    @Test
    void elevenAtOnceAreOneTooMany() throws Exception {
        llama.close();
        serve(Simulation.quick("sim").withSlots(16));
        rig("models:\n" + model("a", ""));
        List<RawClient> ten = new ArrayList<>();
        for (int i = 0; i < 10; i++) {
            ten.add(streaming("a"));
            open.add(ten.get(i));
        }

        HttpResponse<String> eleventh = ask("a", ",\"stream\":true").join();
        assertThat(eleventh.statusCode()).isEqualTo(429);
        assertThat(eleventh.headers().firstValue("content-type")).contains("application/json");
        assertThat(eleventh.headers().firstValue("retry-after")).contains("1");
    }

    // ---- how long it stays

    @Test
    void keepAliveOfARequestSaysHowLong() throws Exception {
        rig("models:\n" + model("a", ", ttl: 1"));

        assertThat(ask("a", ",\"keep_alive\":0").join().statusCode()).isEqualTo(200);
        eventually("0: gone at once", () -> !runs("a"));

        assertThat(ask("a", ",\"keep_alive\":-1").join().statusCode()).isEqualTo(200);
        assertThat(ask("a", ",\"keep_alive\":\"1s\"").join().statusCode()).isEqualTo(200);
        assertThat(ask("a", ",\"keep_alive\":-1").join().statusCode()).isEqualTo(200);
        long from = System.nanoTime();
        eventually("longer than its ttl", () -> {
            assertThat(runs("a")).isTrue();
            return System.nanoTime() - from > 3_000_000_000L;
        });
        assertThat(ask("a", ",\"keep_alive\":\"1s\"").join().statusCode()).isEqualTo(200);
        eventually("a second later", () -> !runs("a"));
        assertStarted("a", "a");
    }

    @Test
    void aPinnedModelStaysAndOneJustLoadedIsNotThrashed() throws Exception {
        rig(
                "models:\n" + model("a", ", ttl: 1") + model("b", "")
                        + "groups: {g: {swap: true, exclusive: true, members: [b]}}\n",
                new Balance(Balance.Ungrouped.BY_KIND, Duration.ZERO, List.of("a")));
        assertThat(chat("a")).isEqualTo(200);
        assertThat(chat("b")).isEqualTo(200);
        assertThat(runs("a")).as("pinned").isTrue();
    }

    @Test
    void aMinimumLoadedTimeHoldsOthersBack() throws Exception {
        rig(
                "models:\n" + model("a", "") + model("b", ""),
                new Balance(Balance.Ungrouped.BY_KIND, Duration.ofSeconds(2), List.of()));
        long from = System.nanoTime();
        assertThat(chat("a")).isEqualTo(200);
        assertThat(chat("b")).isEqualTo(200);
        assertThat(System.nanoTime() - from).as("b waited until a had its time").isGreaterThanOrEqualTo(2_000_000_000L);
    }

    // ---- what a waiting client sees

    @Test
    void aChatClientIsToldHowFarTheLoadIs() throws Exception {
        llama.close();
        serve(Simulation.quick("sim").withLoadTime(Duration.ofSeconds(2)));
        rig("sendLoadingState: true\nmodels:\n" + model("a", "") + model("quiet", ", sendLoadingState: false"));

        String told = ask("a", ",\"stream\":true").join().body();
        assertThat(told)
                .contains("\"reasoning_content\":\"llama-swap loading model: a\\n\"")
                .contains("Done! (")
                .endsWith("data: [DONE]\n\n");
        assertThat(told.indexOf("Done! (")).isLessThan(told.indexOf("sent_ns"));
        assertThat(ask("a", ",\"stream\":true").join().body())
                .as("it is loaded now")
                .doesNotContain("loading model");
        assertThat(ask("quiet", ",\"stream\":true").join().body()).doesNotContain("loading model");
    }

    // ---- how a model is named

    @Test
    void theRestOfAPathKeepsItsEscapes() throws Exception {
        rig("models:\n" + model("author", "") + model("author/model", ""));

        assertThat(get("/upstream/author/model/v1/sim/headers")).contains("\"uri\":\"/v1/sim/headers\"");
        assertThat(get("/upstream/author/v1/sim/headers")).contains("\"uri\":\"/v1/sim/headers\"");
        assertThat(get("/upstream/author%2Fmodel/v1/sim/headers?x=%2Fy%252F"))
                .contains("\"uri\":\"/v1/sim/headers?x=%2Fy%252F\"");
        assertStarted("author/model", "author", "author/model");
    }

    @Test
    void aSelectorSpillsOverAndAProfilePins() throws Exception {
        rig("models:\n" + model("a", "") + model("b", "")
                + "groups: {g: {swap: false, members: [a, b]}}\n"
                + "selectors: {pool: {strategy: spillover, spillover: 2, targets: [a, b]}}\n"
                + "profiles: {work: {pins: {a: b}}}\n");
        List<RawClient> three = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            three.add(streaming("pool"));
            open.add(three.get(i));
        }
        eventually("two on the first, the third on the second", () -> started().size() >= 2);
        assertThat(started()).containsExactlyInAnyOrder("a", "b");
        for (RawClient one : three) {
            one.close();
        }
        assertThat(send("GET", "/unload", null).join().statusCode()).isEqualTo(200);

        assertThat(send("PUT", "/api/profiles/active", "{\"name\":\"work\"}")
                        .join()
                        .body())
                .isEqualTo("{\"active\":\"work\"}");
        assertThat(chat("a")).isEqualTo(200);
        assertThat(runs("b")).isTrue();
        assertThat(runs("a")).isFalse();
        assertThat(get("/upstream/a/v1/sim/headers")).contains("\"uri\"");
        assertThat(runs("a")).as("its pin holds there too").isFalse();
    }

    @Test
    void whatWasAskedAndAnsweredCanBeReadAgain() throws Exception {
        rig("captureBuffer: 1\nmodels:\n" + model("a", ""));
        assertThat(chat("a")).isEqualTo(200);
        eventually("its row", () -> get("/api/metrics/activity").contains("\"has_capture\":true"));
        String capture = get("/api/captures/1");
        assertThat(capture).contains("\"req_path\":\"" + CHAT + "\"").doesNotContain(rig.adminKey);
        assertThat(decoded(capture, "req_body")).isEqualTo(body("a", ""));
        assertThat(decoded(capture, "resp_body")).contains("\"choices\"");
        assertThat(send("GET", "/api/captures/2", null).join().statusCode()).isEqualTo(404);
        assertThat(send("GET", "/api/captures/x", null).join().statusCode()).isEqualTo(400);
    }

    private static String decoded(String json, String field) {
        String value = json.replaceAll("(?s).*\"" + field + "\":\"([^\"]*)\".*", "$1");
        return new String(Base64.getDecoder().decode(value), StandardCharsets.UTF_8);
    }

    @Test
    void whatModelsPrintIsALogOfItsOwn() throws Exception {
        ListAppender<ILoggingEvent> printed = new ListAppender<>();
        printed.list = new CopyOnWriteArrayList<>();
        printed.start();
        Logger log = (Logger) LoggerFactory.getLogger(ModelOutput.LOG_NAME);
        log.addAppender(printed);
        open.add(() -> log.detachAppender(printed));
        String cmd = "sh -c 'echo one; echo two >&2; exec sleep 1000'";
        rig("logToStdout: both\nmodels:\n  a: {cmd: \"" + cmd + "\", proxy: '" + llama.url() + "'}\n");
        assertThat(chat("a")).isEqualTo(200);
        eventually(
                "its lines",
                () -> printed.list.stream()
                        .map(ILoggingEvent::getFormattedMessage)
                        .toList()
                        .containsAll(List.of("one", "two")));
    }

    @Test
    void keysAreTakenInEveryForm() throws Exception {
        rig("models:\n" + model("a", ""));
        String key = rig.userKey;
        Base64.Encoder base64 = Base64.getEncoder();
        String basic = base64.encodeToString(("u:" + key).getBytes(StandardCharsets.UTF_8));
        String user = base64.encodeToString((key + ":").getBytes(StandardCharsets.UTF_8));
        List<String[]> accepted = List.of(
                new String[] {"authorization", "Basic " + basic},
                new String[] {"authorization", "basic " + user},
                new String[] {"authorization", "BEARER " + key},
                new String[] {"x-api-key", key},
                new String[] {"authorization", "Basic ???", "x-api-key", key});
        for (String[] headers : accepted) {
            assertThat(send("GET", "/v1/models", null, headers).join().statusCode())
                    .as(String.join(" ", headers))
                    .isEqualTo(200);
        }
        assertThat(send("GET", "/v1/models", null, "authorization", "Bearer wrong", "x-api-key", key)
                        .join()
                        .statusCode())
                .as("what can be read counts first")
                .isEqualTo(401);
    }
}
