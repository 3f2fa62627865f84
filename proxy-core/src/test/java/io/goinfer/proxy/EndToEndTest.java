// SPDX-License-Identifier: MIT
package io.goinfer.proxy;

import static io.goinfer.tunnel.testing.Eventually.eventually;
import static org.assertj.core.api.Assertions.assertThat;

import io.goinfer.bench.llama.SimulatedLlama;
import io.goinfer.bench.llama.Simulation;
import io.goinfer.proxy.testing.GoinferRig;
import io.goinfer.proxy.testing.RawClient;
import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** The manual as a test: start relay, node and backend, ask, see tokens. */
class EndToEndTest extends RigTests {
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

    /** What is behind its request stays in the socket, and its end is seen all the same. */
    @Test
    void aClientThatLeavesIsNoticedBehindWhatItPipelined() throws Exception {
        SimulatedLlama slow = llama(Simulation.quick("sim").withRate(20));
        rig.connect("gpu", slow);
        String get = "GET /v1/models HTTP/1.1\r\nHost: x\r\n\r\n";

        try (RawClient raw = new RawClient(rig.apiPort())) {
            raw.post(CHAT, rig.userKey, chat("sim", true, 100_000));
            assertThat(raw.readUntil("data:")).isTrue();
            raw.send(get.repeat(1_000)).leave();
            eventually("the backend is told", () -> slow.counts().abandoned.get() == 1);
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
