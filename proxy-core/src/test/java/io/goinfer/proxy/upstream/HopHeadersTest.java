// SPDX-License-Identifier: MIT
package io.goinfer.proxy.upstream;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netty.handler.codec.http.DefaultHttpHeaders;
import io.netty.handler.codec.http.DefaultHttpHeadersFactory;
import io.netty.handler.codec.http.HttpHeaders;
import java.net.InetAddress;
import java.util.Arrays;
import java.util.Locale;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Each field on each way: q from a client, r out of the tunnel, a in an answer, i in 1xx, t in request trailers, l in response trailers. */
class HopHeadersTest {
    private static final String WAYS = "qraitl";

    private static HttpHeaders fields(String... namesAndValues) {
        HttpHeaders all =
                DefaultHttpHeadersFactory.headersFactory().withValidation(false).newHeaders();
        for (int i = 0; i < namesAndValues.length; i += 2) {
            all.add(namesAndValues[i], namesAndValues[i + 1]);
        }
        return all;
    }

    private static HttpHeaders pass(char way, HttpHeaders from) {
        return switch (way) {
            case 'q' -> HopHeaders.request(from, InetAddress.getLoopbackAddress(), false, "id");
            case 'r' -> HopHeaders.relayed(from);
            case 'a' -> HopHeaders.response(200, from);
            case 'i' -> HopHeaders.response(103, from);
            case 't' -> HopHeaders.requestTrailers(from);
            default -> HopHeaders.responseTrailers(from);
        };
    }

    @ParameterizedTest
    @CsvSource({
        // of the connection
        "connection, -",
        "keep-alive, -",
        "proxy-connection, -",
        "proxy-authenticate, -",
        "proxy-authorization, -",
        "proxy-authentication-info, -",
        "te, -",
        "trailer, -",
        "transfer-encoding, -",
        "upgrade, -",
        "http2-settings, -",
        "expect, -",
        // goinfer's own
        "x-goinfer-model, r",
        "x-goinfer-node, r",
        "x-goinfer-direct, r",
        "x-goinfer-anything, r",
        "x-goinfer-ignored, ra",
        // the client's key and way
        "authorization, ai",
        "x-api-key, ai",
        "cookie, ai",
        "x-conversation-id, ail",
        "x-real-ip, rai",
        "x-request-id, rai",
        // the relay's origin
        "access-control-allow-origin, qrt",
        "access-control-expose-headers, qrt",
        "access-control-max-age, qrt",
        "set-cookie, qrt",
        "www-authenticate, qrt",
        "alt-svc, qrt",
        "strict-transport-security, qrt",
        "clear-site-data, qrt",
        "service-worker-allowed, qrt",
        "origin-agent-cluster, qrt",
        "accept-ch, qrt",
        "nel, qrt",
        "report-to, qrt",
        "use-as-dictionary, qrt",
        "timing-allow-origin, qrt",
        "secure-session-registration, qrt",
        "attribution-reporting-register-source, qrt",
        "server, qrt",
        // orders to proxies before the relay
        "x-accel-redirect, qrt",
        "x-sendfile, qrt",
        "surrogate-control, qrt",
        // framing, and what a head alone may say
        "content-length, qra",
        "content-type, qrai",
        "content-encoding, qrai",
        "content-range, qrai",
        "cache-control, qrai",
        "vary, qrai",
        "location, qrai",
        "host, qrai",
        // of the answer itself, also of a page of the model's server
        "content-security-policy, qraitl",
        "cross-origin-embedder-policy, qraitl",
        "cross-origin-opener-policy, qraitl",
        "permissions-policy, qraitl",
        "server-timing, qraitl",
        "x-accel-buffering, qrai",
        "etag, qraitl",
        "link, qraitl",
        "sec-websocket-accept, qraitl",
        "x-anything, qraitl",
    })
    void passesWhereTheTableSays(String name, String ways) {
        for (char way : WAYS.toCharArray()) {
            HttpHeaders from = fields(name.toUpperCase(Locale.ROOT), name.equals("content-length") ? "5" : "mine");
            boolean passed = pass(way, from).getAll(name).contains(from.get(name));
            assertThat(passed).as(name + " on way " + way).isEqualTo(ways.indexOf(way) >= 0);
        }
    }

    @Test
    void whatConnectionNamesStaysBehind() {
        for (char way : WAYS.toCharArray()) {
            HttpHeaders from = fields("connection", "close, X-One", "connection", "x-two", "x-one", "1", "x-two", "2");
            from.add("x-three", "3");
            assertThat(pass(way, from).contains("x-one")).isFalse();
            assertThat(pass(way, from).contains("x-two")).isFalse();
            assertThat(pass(way, from).get("x-three")).isEqualTo("3");
        }
    }

    @Test
    void aWebSocketIsAskedForAcrossHops() {
        HttpHeaders asks = fields("connection", "Upgrade", "upgrade", "WebSocket", "sec-websocket-key", "x");
        assertThat(pass('q', asks).get("upgrade")).isEqualTo("websocket");
        assertThat(pass('r', fields("upgrade", "websocket")).get("upgrade")).isEqualTo("websocket");
        assertThat(pass('r', fields("upgrade", "h2c")).contains("upgrade")).isFalse();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "", ":status", ":", "x y", "x:", "x\u0000", "x\r\n", "x\u007f", "x\u00e9", "x(", "x\"", "x/y", "x="
            })
    void aNameIsAToken(String name) {
        for (char way : WAYS.toCharArray()) {
            assertThatThrownBy(() -> pass(way, fields(name, "1"))).isInstanceOf(MalformedHead.class);
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "a\u0000b",
                "a\u0001b",
                "a\rb",
                "a\nb",
                "a\r\nx: y",
                "\u000b",
                "a\u001b[2J",
                "a\u007f",
                "\u010d\u010a",
                "\u2028"
            })
    void aValueHasNoControlsAndNothingWide(String value) {
        for (char way : WAYS.toCharArray()) {
            assertThatThrownBy(() -> pass(way, fields("x-a", value)))
                    .isInstanceOf(MalformedHead.class)
                    .message()
                    .matches("[ -~]+");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"", " ", "  b  ", "a\tb", "caf\u00e9", "\u0080\u00ff", "a, b; c=\"d\""})
    void otherValuesPassWithoutTheBlanksAroundThem(String value) {
        for (char way : WAYS.toCharArray()) {
            assertThat(pass(way, fields("x-a", value)).get("x-a")).isEqualTo(value.strip());
        }
    }

    @Test
    void aModelsIdIsItsNodesChoice() {
        HttpHeaders head = new DefaultHttpHeaders();
        HopHeaders.answeredBy(head, "gpu", "m\r\nx-evil: 1");
        assertThat(head.get("x-goinfer-node")).isEqualTo("gpu");
        assertThat(head).hasSize(1);
        HopHeaders.answeredBy(head, "gpu", " ");
        HopHeaders.answeredBy(head, "gpu", "a/b:c 1");
        assertThat(head.get("x-goinfer-model")).isEqualTo("a/b:c 1");
    }

    @Test
    void trailersAreFew() {
        HttpHeaders many = new DefaultHttpHeaders();
        for (int i = 0; i < 65; i++) {
            many.add("x-" + i, "1");
        }
        assertThatThrownBy(() -> pass('l', many)).isInstanceOf(MalformedHead.class);
        assertThatThrownBy(() -> pass('t', many)).isInstanceOf(MalformedHead.class);
        assertThat(pass('a', many)).hasSize(65);
    }

    @Test
    void theRelaySaysWhoTheClientIs() {
        HttpHeaders up = pass('q', fields("forwarded", "for=6.6.6.6", "x-forwarded-for", "6.6.6.6", "host", "h"));
        assertThat(up.entries())
                .extracting(Map.Entry::getKey, Map.Entry::getValue)
                .contains(
                        org.assertj.core.groups.Tuple.tuple("forwarded", "for=127.0.0.1;proto=http"),
                        org.assertj.core.groups.Tuple.tuple("x-forwarded-for", "127.0.0.1"),
                        org.assertj.core.groups.Tuple.tuple("x-forwarded-host", "h"),
                        org.assertj.core.groups.Tuple.tuple("x-request-id", "id"));
        assertThat(up.getAll("x-forwarded-for")).isEqualTo(Arrays.asList("127.0.0.1"));
    }
}
