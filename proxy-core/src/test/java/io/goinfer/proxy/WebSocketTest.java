// SPDX-License-Identifier: MIT
package io.goinfer.proxy;

import static io.goinfer.tunnel.testing.Eventually.eventually;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.goinfer.proxy.config.GoinferConfig;
import io.goinfer.proxy.config.swap.SwapConfig;
import io.goinfer.proxy.config.swap.SwapLoader;
import io.goinfer.proxy.testing.EchoServer;
import io.goinfer.proxy.testing.GoinferRig;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.WebSocket;
import java.net.http.WebSocketHandshakeException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** Paths of a model's own server: WebSockets, on this machine and through the tunnel, and what does not load a model. */
@DisabledOnOs(OS.WINDOWS)
class WebSocketTest {
    @TempDir
    Path folder;

    private final HttpClient client = HttpClient.newHttpClient();
    private final List<AutoCloseable> open = new ArrayList<>();
    private EchoServer server;
    private GoinferRig rig;

    @BeforeEach
    void start() {
        server = new EchoServer();
        open.add(server);
    }

    @AfterEach
    void stop() throws Exception {
        for (int i = open.size() - 1; i >= 0; i--) {
            open.get(i).close();
        }
    }

    private GoinferConfig model(String more) throws Exception {
        String yaml = "models:\n  m: {cmd: sleep 1000, proxy: '" + server.url() + "'" + more + "}\n";
        SwapConfig swap = SwapLoader.parse("test", yaml, Map.of()).config();
        return GoinferConfig.defaults().with(GoinferConfig.ModelsConfig.of(swap));
    }

    private void rig(GoinferConfig config) throws Exception {
        rig = new GoinferRig(folder.resolve("rig"), config);
        open.add(rig);
    }

    /** Collects what comes back. */
    private static final class Heard implements WebSocket.Listener {
        private final ByteBuffer bytes = ByteBuffer.allocate(4 << 20);
        private final CompletableFuture<Integer> closed = new CompletableFuture<>();

        @Override
        public CompletionStage<?> onBinary(WebSocket socket, ByteBuffer data, boolean last) {
            synchronized (bytes) {
                bytes.put(data);
            }
            socket.request(1);
            return null;
        }

        @Override
        public CompletionStage<?> onClose(WebSocket socket, int status, String reason) {
            closed.complete(status);
            return null;
        }

        @Override
        public void onError(WebSocket socket, Throwable error) {
            closed.completeExceptionally(error);
        }

        int size() {
            synchronized (bytes) {
                return bytes.position();
            }
        }

        byte[] all() {
            synchronized (bytes) {
                return java.util.Arrays.copyOf(bytes.array(), bytes.position());
            }
        }
    }

    private WebSocket webSocket(Heard heard, String origin) throws Exception {
        return webSocket(heard, origin, URI.create(rig.base().replace("http:", "ws:") + "/upstream/m/ws"));
    }

    private WebSocket webSocket(Heard heard, String origin, URI at) throws Exception {
        WebSocket.Builder builder = client.newWebSocketBuilder().header("authorization", "Bearer " + rig.adminKey);
        if (origin != null) {
            builder.header("origin", origin);
        }
        return builder.buildAsync(at, heard).get(30, TimeUnit.SECONDS);
    }

    private HttpResponse<String> get(String path) throws Exception {
        return client.send(
                HttpRequest.newBuilder(URI.create(rig.base() + path))
                        .header("authorization", "Bearer " + rig.adminKey)
                        .build(),
                HttpResponse.BodyHandlers.ofString());
    }

    private static byte[] random(int size) {
        byte[] bytes = new byte[size];
        new Random(7).nextBytes(bytes);
        return bytes;
    }

    @Test
    void bytesPassBothWaysAndTheCloseEndsBothSides() throws Exception {
        rig(model(""));
        Heard heard = new Heard();
        WebSocket socket = webSocket(heard, null);
        byte[] sent = random(3 << 20);

        socket.sendBinary(ByteBuffer.wrap(sent), true).get(30, TimeUnit.SECONDS);
        eventually("all came back", () -> heard.size() == sent.length);
        assertThat(heard.all()).isEqualTo(sent);

        socket.sendClose(WebSocket.NORMAL_CLOSURE, "").get(10, TimeUnit.SECONDS);
        assertThat(heard.closed.get(10, TimeUnit.SECONDS)).isEqualTo(WebSocket.NORMAL_CLOSURE);
        eventually("the backend's connection is closed", () -> server.open() == 0);
    }

    @Test
    void itPassesTheTunnelAndOutlivesALostSession() throws Exception {
        rig(GoinferConfig.defaults());
        rig.connect("attic", model(""));
        Heard heard = new Heard();
        WebSocket socket = webSocket(heard, null);
        byte[] sent = random(2 << 20);

        socket.sendBinary(ByteBuffer.wrap(sent, 0, 1 << 20), false).get(30, TimeUnit.SECONDS);
        rig.loseSessions();
        socket.sendBinary(ByteBuffer.wrap(sent, 1 << 20, 1 << 20), true).get(30, TimeUnit.SECONDS);
        eventually("all came back", () -> heard.size() == sent.length);
        assertThat(heard.all()).isEqualTo(sent);

        socket.abort();
        eventually("the backend is told that the client left", () -> server.open() == 0);
    }

    @Test
    void aBackendThatClosesClosesTheClient() throws Exception {
        rig(GoinferConfig.defaults());
        rig.connect("attic", model(""));
        Heard heard = new Heard();
        webSocket(heard, null);

        server.close();

        assertThat(heard.closed.get(10, TimeUnit.SECONDS))
                .as("going away, or cut")
                .isIn(1000, 1001, 1006);
        open.remove(server);
    }

    @Test
    void aRefusedHandshakeIsPassedOn() throws Exception {
        rig(model(""));

        assertThatThrownBy(() -> client.newWebSocketBuilder()
                        .header("authorization", "Bearer " + rig.adminKey)
                        .buildAsync(
                                URI.create(rig.base().replace("http:", "ws:") + "/upstream/m/elsewhere"), new Heard())
                        .get(30, TimeUnit.SECONDS))
                .cause()
                .isInstanceOfSatisfying(
                        WebSocketHandshakeException.class,
                        refused ->
                                assertThat(refused.getResponse().statusCode()).isEqualTo(200));
    }

    @Test
    void aForeignPageOpensNoWebSocket() throws Exception {
        rig(model(""));

        assertThatThrownBy(() -> webSocket(new Heard(), "https://elsewhere.example"))
                .cause()
                .isInstanceOfSatisfying(
                        WebSocketHandshakeException.class,
                        refused ->
                                assertThat(refused.getResponse().statusCode()).isEqualTo(403));
        webSocket(new Heard(), rig.base()).abort();
    }

    @Test
    void aWebSocketThatIsIgnoredNeitherLoadsNorKeepsAModel() throws Exception {
        rig(model(", ttl: 1, compat: {ignoreWebsockets: true}"));

        assertThatThrownBy(() -> webSocket(new Heard(), null))
                .cause()
                .isInstanceOfSatisfying(
                        WebSocketHandshakeException.class,
                        refused ->
                                assertThat(refused.getResponse().statusCode()).isEqualTo(409));
        assertThat(get("/running").body()).isEqualTo("{\"running\":[]}");

        assertThat(get("/upstream/m/page").body()).isEqualTo("/page");
        webSocket(new Heard(), null);
        eventually("the server has it", () -> server.open() == 1);
        eventually("the model's ttl ends", () -> {
            try {
                return get("/running").body().equals("{\"running\":[]}");
            } catch (Exception e) {
                throw new AssertionError(e);
            }
        });
    }

    @Test
    void aPagesIconDoesNotLoadAModel() throws Exception {
        rig(GoinferConfig.defaults());
        rig.connect("attic", model(""));

        HttpResponse<String> cold = get("/upstream/m/favicon.ico?v=1");
        assertThat(cold.statusCode()).isEqualTo(409);
        assertThat(cold.body()).contains("model m is not loaded; path matches upstream.ignorePaths");

        assertThat(get("/upstream/m/page").body()).isEqualTo("/page");
        assertThat(get("/upstream/m/favicon.ico?v=1").body()).isEqualTo("/favicon.ico?v=1");
    }

    @Test
    void aModelsNameAloneGetsItsSlash() throws Exception {
        rig(model(""));

        HttpResponse<String> moved = get("/upstream/m?a=b");
        assertThat(moved.statusCode()).isEqualTo(301);
        assertThat(moved.headers().firstValue("location")).contains("/upstream/m/?a=b");
        assertThat(get("/upstream/m/?a=b").body()).isEqualTo("/?a=b");
        assertThat(get("/upstream/nope").statusCode()).isEqualTo(404);
    }

    @Test
    void onlyItsPageLoadsComfyUi() throws Exception {
        rig(GoinferConfig.defaults());
        assertThat(get("/comfyui/").statusCode()).isEqualTo(404);
        String yaml = "models:\n  comfyui_auto: {cmd: sleep 1000, proxy: '" + server.url() + "'}\n";
        SwapConfig swap = SwapLoader.parse("test", yaml, Map.of()).config();
        rig.connect("attic", GoinferConfig.defaults().with(GoinferConfig.ModelsConfig.of(swap)));
        URI socket = URI.create(rig.base().replace("http:", "ws:") + "/comfyui/ws");

        HttpResponse<String> moved = get("/comfyui?a=b");
        assertThat(moved.statusCode()).isEqualTo(301);
        assertThat(moved.headers().firstValue("location")).contains("/comfyui/?a=b");
        assertThat(get("/comfyui/prompt").statusCode()).isEqualTo(409);
        assertThatThrownBy(() -> webSocket(new Heard(), null, socket))
                .cause()
                .isInstanceOf(WebSocketHandshakeException.class);
        assertThat(get("/running").body()).isEqualTo("{\"running\":[]}");

        assertThat(get("/comfyui/?a=b").body()).isEqualTo("/?a=b");
        assertThat(get("/comfyui/prompt?x").body()).isEqualTo("/prompt?x");
        webSocket(new Heard(), null, socket);
        eventually("the server has it", () -> server.open() == 1);
    }

    /** Found by the fuzzer: nobody looks into such a body before the node does. */
    @Test
    void aDirectBodyThatIsNoJsonIsItsServersMatter() throws Exception {
        rig(model(""));
        for (String body : new String[] {"{", "{\"a\":", "[]", "{}x", ""}) {
            HttpResponse<String> answer = client.send(
                    HttpRequest.newBuilder(URI.create(rig.base() + "/upstream/m/v1/chat/completions"))
                            .header("authorization", "Bearer " + rig.adminKey)
                            .header("content-type", "application/json")
                            .POST(HttpRequest.BodyPublishers.ofString(body))
                            .build(),
                    HttpResponse.BodyHandlers.ofString());
            assertThat(answer.body()).as(body).isEqualTo("/v1/chat/completions");
        }
    }
}
