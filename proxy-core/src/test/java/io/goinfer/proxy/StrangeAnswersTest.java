// SPDX-License-Identifier: MIT
package io.goinfer.proxy;

import static org.assertj.core.api.Assertions.assertThat;

import io.goinfer.proxy.config.GoinferConfig;
import io.goinfer.proxy.config.swap.SwapConfig;
import io.goinfer.proxy.config.swap.SwapLoader;
import io.goinfer.proxy.testing.GoinferRig;
import io.goinfer.proxy.testing.RawClient;
import io.goinfer.proxy.testing.ScriptedBackend;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * What a backend answers that is not HTTP, or not only an answer, standalone and through the tunnel. The client pipelines two requests: what the first
 * one's backend says must not touch the second one's answer.
 */
@DisabledOnOs(OS.WINDOWS)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class StrangeAnswersTest {
    private static final String OK = "HTTP/1.1 200 OK\r\n";
    private static final String EVIL = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil";

    /** Which way the request goes. */
    enum By {
        STANDALONE,
        TUNNEL
    }

    /** What becomes of the first answer. */
    private enum Is {
        /** Passed on whole. */
        WHOLE,
        /** Our own 502 in its place. */
        REFUSED,
        /** Begun, and ended so that nobody takes it for whole: no second answer behind it. */
        CUT,
        /** Refused or cut, as the end overtook the beginning or not. */
        BROKEN
    }

    private ScriptedBackend backend;
    private GoinferRig standalone;
    private GoinferRig relay;

    @BeforeAll
    void start(@TempDir Path folder) throws Exception {
        backend = new ScriptedBackend();
        backend.answer("/next", OK + "Content-Length: 4\r\n\r\nnext");
        String yaml = "models:\n  m: {cmd: sleep 1000, proxy: '" + backend.url() + "'}\n";
        SwapConfig swap = SwapLoader.parse("test", yaml, Map.of()).config();
        GoinferConfig config = GoinferConfig.defaults().with(GoinferConfig.ModelsConfig.of(swap));
        standalone = new GoinferRig(folder.resolve("standalone"), config);
        relay = new GoinferRig(folder.resolve("relay"), GoinferConfig.defaults());
        relay.connect("gpu", config);
    }

    @AfterAll
    void stop() throws Exception {
        standalone.close();
        relay.close();
        backend.close();
    }

    private GoinferRig rig(By way) {
        return way == By.STANDALONE ? standalone : relay;
    }

    private static String length(String value) {
        return OK + "Content-Length: " + value + "\r\n\r\nright";
    }

    private static String chunked(String body) {
        return OK + "Transfer-Encoding: chunked\r\n\r\n" + body;
    }

    static Stream<Arguments> answers() {
        return Stream.of(
                        Arguments.of("a length", Is.WHOLE, length("5")),
                        Arguments.of("chunks", Is.WHOLE, chunked("5\r\nright\r\n0\r\n\r\n")),
                        Arguments.of("the connection's end", Is.WHOLE, OK + "\r\nright"),
                        Arguments.of("the connection's end, HTTP/1.0", Is.WHOLE, "HTTP/1.0 200 OK\r\n\r\nright"),
                        Arguments.of("an answer behind a length", Is.WHOLE, length("5") + EVIL),
                        Arguments.of("an answer behind chunks", Is.WHOLE, chunked("5\r\nright\r\n0\r\n\r\n") + EVIL),
                        Arguments.of("a body behind 204", Is.WHOLE, "HTTP/1.1 204 No\r\n\r\n" + EVIL),
                        Arguments.of(
                                "a body behind 304", Is.WHOLE, "HTTP/1.1 304 No\r\nContent-Length: 45\r\n\r\n" + EVIL),
                        Arguments.of("fewer bytes than the length", Is.CUT, length("6")),
                        Arguments.of("no last chunk", Is.CUT, chunked("5\r\nright\r\n")),
                        Arguments.of("half a chunk", Is.CUT, chunked("9\r\nright")),
                        Arguments.of("a bad chunk", Is.CUT, chunked("5\r\nright\r\nxyz\r\nevil")),
                        Arguments.of("a bad trailer", Is.CUT, chunked("5\r\nright\r\n0\r\nx-a: \u0001\r\n\r\n")),
                        Arguments.of("a negative length", Is.REFUSED, length("-1")),
                        Arguments.of("a length with a sign", Is.REFUSED, length("+5")),
                        Arguments.of("a hexadecimal length", Is.REFUSED, length("0x5")),
                        Arguments.of("an empty length", Is.REFUSED, length("")),
                        Arguments.of("a length of 2^63", Is.REFUSED, length("9223372036854775808")),
                        Arguments.of("a list of lengths", Is.REFUSED, length("5, 5")),
                        Arguments.of("two lengths", Is.REFUSED, length("5\r\nContent-Length: 6")),
                        Arguments.of("a length twice", Is.REFUSED, length("5\r\nContent-Length: 5")),
                        Arguments.of("a length and a coding", Is.REFUSED, length("5\r\nTransfer-Encoding: chunked")),
                        Arguments.of("another coding", Is.REFUSED, OK + "Transfer-Encoding: gzip\r\n\r\nright"),
                        Arguments.of(
                                "two codings",
                                Is.REFUSED,
                                OK + "Transfer-Encoding: gzip, chunked\r\n\r\n5\r\nright\r\n0\r\n\r\n"),
                        Arguments.of(
                                "a coding in HTTP/1.0",
                                Is.REFUSED,
                                "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nright\r\n0\r\n\r\n"),
                        Arguments.of(
                                "205 with a body", Is.REFUSED, "HTTP/1.1 205 No\r\nContent-Length: 5\r\n\r\nright"),
                        Arguments.of(
                                "205 with a body in chunks",
                                Is.REFUSED,
                                "HTTP/1.1 205 No\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nevil\r\n0\r\n\r\n"),
                        Arguments.of(
                                "204 with a length", Is.REFUSED, "HTTP/1.1 204 No\r\nContent-Length: 5\r\n\r\nright"),
                        Arguments.of(
                                "103 with a body",
                                Is.REFUSED,
                                "HTTP/1.1 103 Early\r\nContent-Length: 4\r\n\r\nevil" + length("5")),
                        Arguments.of("101 that nobody asked for", Is.REFUSED, "HTTP/1.1 101 S\r\nUpgrade: x\r\n\r\n"),
                        Arguments.of("status 600", Is.REFUSED, "HTTP/1.1 600 No\r\nContent-Length: 0\r\n\r\n"),
                        Arguments.of("status 999", Is.REFUSED, "HTTP/1.1 999 No\r\nContent-Length: 0\r\n\r\n"),
                        Arguments.of("HTTP/2.0", Is.REFUSED, "HTTP/2.0 200 OK\r\nContent-Length: 0\r\n\r\n"),
                        Arguments.of("no HTTP", Is.REFUSED, "220 mail.example ESMTP\r\n\r\n"),
                        Arguments.of("0x01 in a value", Is.REFUSED, length("5\r\nX-A: b\u0001")),
                        Arguments.of("0x7f in a value", Is.REFUSED, length("5\r\nX-A: b\u007f")),
                        Arguments.of("NUL in a value", Is.REFUSED, length("5\r\nX-A: b\u0000")),
                        Arguments.of("a name that is none", Is.REFUSED, length("5\r\nX(A: b")),
                        Arguments.of("a pseudo field", Is.REFUSED, length("5\r\n:status: 200")))
                .flatMap(row ->
                        Stream.of(By.values()).map(way -> Arguments.of(way, row.get()[0], row.get()[1], row.get()[2])));
    }

    private String ask(By way, String method, String path, String version) throws Exception {
        GoinferRig rig = rig(way);
        String fields = "\r\nHost: localhost\r\nAuthorization: Bearer " + rig.adminKey + "\r\n";
        try (RawClient raw = new RawClient(rig.apiPort())) {
            raw.send(method + " /upstream/m" + path + " " + version + fields + "\r\n" + "GET /upstream/m/next HTTP/1.1"
                    + fields + "Connection: close\r\n\r\n");
            return raw.readAll();
        }
    }

    private static void check(Is expected, String all) {
        String got = all.replaceFirst("^HTTP/1\\.1 103 (?s:.*?)\r\n\r\n", "");
        boolean refused = got.startsWith("HTTP/1.1 502 ") && got.contains("\"code\":\"backend_failed\"");
        boolean second = got.endsWith("\r\n\r\nnext");
        assertThat(got).doesNotContain("evil");
        switch (expected) {
            case WHOLE -> {
                assertThat(got).matches("(?s)HTTP/1\\.1 (200|204|304) .*").endsWith("\r\n\r\nnext");
                assertThat(got).containsPattern("(?s) (204|304) |\r\n\r\n(5\r\n)?right(\r\n0\r\n\r\n)?HTTP/1\\.1 200 ");
            }
            case REFUSED -> assertThat(refused && second).as(got).isTrue();
            case CUT -> {
                assertThat(got).startsWith("HTTP/1.1 200 ").doesNotContain("\r\n0\r\n");
                assertThat(second).as(got).isFalse();
            }
            case BROKEN ->
                assertThat(refused == second && !got.contains("\r\n0\r\n"))
                        .as(got)
                        .isTrue();
        }
    }

    @ParameterizedTest(name = "{0}: {1}")
    @MethodSource("answers")
    void touchNoOtherAnswer(By way, String name, Is expected, String answer) throws Exception {
        backend.answer("/case", answer);
        check(expected, ask(way, "GET", "/case", "HTTP/1.1"));
    }

    @ParameterizedTest
    @EnumSource
    void aBodyToHeadIsNone(By way) throws Exception {
        backend.answer("/case", OK + "Content-Length: 45\r\n\r\n" + EVIL);
        String got = ask(way, "HEAD", "/case", "HTTP/1.1");
        assertThat(got).startsWith("HTTP/1.1 200 ").doesNotContain("evil").endsWith("\r\n\r\nnext");
    }

    @ParameterizedTest
    @EnumSource
    void anEndByResetIsNone(By way) throws Exception {
        backend.answerAndReset("/case", "HTTP/1.0 200 OK\r\n\r\nright");
        check(Is.BROKEN, ask(way, "GET", "/case", "HTTP/1.1"));
    }

    /** The connection's end is all that an HTTP/1.0 client has. */
    @ParameterizedTest
    @EnumSource
    void aClientOfHttp10SeesACut(By way) throws Exception {
        backend.answer("/case", chunked("5\r\nright\r\n0\r\n\r\n"));
        assertThat(ask(way, "GET", "/case", "HTTP/1.0"))
                .startsWith("HTTP/1.1 200 ")
                .contains("connection: close")
                .endsWith("\r\n\r\nright");

        backend.answer("/case", chunked("5\r\nright\r\n"));
        assertThat(ask(way, "GET", "/case", "HTTP/1.0")).contains("<reset>").contains("right");
    }

    @ParameterizedTest
    @EnumSource
    void whatIsNotTheAnswersStaysBehind(By way) throws Exception {
        backend.answer(
                "/case",
                "HTTP/1.1 103 Early\r\nLink: </a>\r\nSet-Cookie: evil=1\r\n\r\n"
                        + length(
                                "5\r\nSet-Cookie: evil=1\r\nAccess-Control-Allow-Origin: evil\r\nX-Goinfer-Node: evil\r\n"
                                        + "X-Goinfer-Model: evil\r\nConnection: x-hop\r\nX-Hop: evil\r\nKeep-Alive: evil\r\n"
                                        + "Clear-Site-Data: evil\r\nAlt-Svc: evil\r\nX-Accel-Redirect: evil\r\n"
                                        + "X-Request-Id: evil\r\nCross-Origin-Opener-Policy: same-origin\r\nX-A: caf\u00e9"));
        String got = ask(way, "GET", "/case", "HTTP/1.1");
        String second = got.substring(got.indexOf("HTTP/1.1 200 "));
        assertThat(got).startsWith("HTTP/1.1 103 ").contains("link: </a>");
        check(Is.WHOLE, second);
        assertThat(second.toLowerCase(Locale.ROOT))
                .contains("cross-origin-opener-policy: same-origin")
                .contains("x-goinfer-node: " + (way == By.TUNNEL ? "gpu" : ""));
    }

    @ParameterizedTest
    @EnumSource
    void trailersTravelBothWays(By way) throws Exception {
        backend.answer(
                "/case", chunked("5\r\nright\r\n0\r\nContent-Length: 3\r\nX-Late: 1\r\nSet-Cookie: evil=1\r\n\r\n"));
        backend.requests().clear();
        GoinferRig rig = rig(way);
        try (RawClient raw = new RawClient(rig.apiPort())) {
            raw.send("POST /upstream/m/case HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer " + rig.adminKey
                    + "\r\nContent-Type: application/octet-stream\r\nTransfer-Encoding: chunked\r\nConnection: close"
                    + "\r\n\r\n5\r\nhello\r\n0\r\nX-Early: 2\r\nX-Goinfer-Model: evil\r\nAuthorization: evil\r\n\r\n");
            String got = raw.readAll();
            assertThat(got).startsWith("HTTP/1.1 200 ").endsWith("right\r\n0\r\nx-late: 1\r\n\r\n");
            assertThat(backend.requests()).singleElement().asString().endsWith("hello\r\n0\r\nx-early: 2\r\n\r\n");
        }
    }
}
