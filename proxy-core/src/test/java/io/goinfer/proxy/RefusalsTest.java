// SPDX-License-Identifier: MIT
package io.goinfer.proxy;

import static io.goinfer.tunnel.testing.Eventually.eventually;
import static org.assertj.core.api.Assertions.assertThat;

import io.goinfer.proxy.config.GoinferConfig;
import io.goinfer.proxy.testing.GoinferRig;
import io.goinfer.proxy.testing.RawClient;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** What is refused, and how it is said. */
class RefusalsTest extends RigTests {
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

    /** Its client leaves afterwards, as clients do: that is not a second end. */
    @Test
    void anAnnouncedLengthThatIsTooLargeIsRefusedOnce() throws Exception {
        for (int i = 0; i < 3; i++) {
            try (RawClient raw = new RawClient(rig.apiPort())) {
                raw.send("POST /v1/audio/transcriptions?model=sim HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer "
                        + rig.userKey
                        + "\r\nContent-Type: application/octet-stream\r\nContent-Length: 9000000000000\r\n\r\nhello");
                raw.readUntil("request_too_large");
            }
        }
        eventually("three have ended", () -> metrics().contains("goinfer_exchanges_total{status=\"413\"} 3.0"));
        assertThat(metrics()).contains("goinfer_exchanges_running 0.0");
    }

    private String metrics() {
        try (RawClient raw = new RawClient(rig.apiPort())) {
            raw.send("GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer " + rig.adminKey
                    + "\r\n\r\n");
            return raw.readAll();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** It is the server's to judge; here it only names no model. */
    @Test
    void aQueryThatCannotBeDecodedIsAnswered() throws Exception {
        rig.connect("gpu", llama);
        for (String query : List.of("x=%zz", "x=%", "model=%4", "%zz")) {
            try (RawClient raw = new RawClient(rig.apiPort())) {
                String body = chat("sim", false, 1);
                raw.send("POST " + CHAT + "?" + query
                        + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer "
                        + rig.userKey + "\r\nContent-Type: application/json\r\nContent-Length: " + body.length()
                        + "\r\n\r\n"
                        + body);
                assertThat(raw.readAll()).as(query).startsWith("HTTP/1.1 200");
            }
        }
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
}
