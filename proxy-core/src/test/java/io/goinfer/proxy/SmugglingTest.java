// SPDX-License-Identifier: MIT
package io.goinfer.proxy;

import static org.assertj.core.api.Assertions.assertThat;

import io.goinfer.bench.llama.SimulatedLlama;
import io.goinfer.bench.llama.Simulation;
import io.goinfer.proxy.config.GoinferConfig;
import io.goinfer.proxy.testing.GoinferRig;
import io.goinfer.proxy.testing.RawClient;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Requests that two readers would cut in two ways (RFC 9112 §11.2): the edge refuses them, closes, and its backend never sees any of it. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class SmugglingTest {
    private static final String BODY = "{\"model\":\"sim\",\"max_tokens\":1,\"messages\":[]}";
    private static final String LENGTH = "Content-Length: " + BODY.length() + "\r\n";
    private static final String SECOND = "GET /v1/sim/headers?smuggled HTTP/1.1\r\nHost: x\r\n\r\n";

    private SimulatedLlama llama;
    private GoinferRig rig;

    @BeforeAll
    void start(@TempDir Path folder) throws Exception {
        llama = SimulatedLlama.start(Simulation.quick("sim"), 0);
        rig = new GoinferRig(folder.resolve("rig"), GoinferConfig.defaults());
        rig.connect("gpu", llama);
    }

    @AfterAll
    void stop() {
        rig.close();
        llama.close();
    }

    private static Arguments head(String name, String fields) {
        return Arguments.of(name, fields, BODY + SECOND);
    }

    private static Arguments chunks(String name, String body) {
        return Arguments.of(name, "Transfer-Encoding: chunked\r\n", body);
    }

    private static String chunk(String text) {
        return Integer.toHexString(text.length()) + "\r\n" + text + "\r\n";
    }

    static Stream<Arguments> corpus() {
        return Stream.of(
                head("length and coding", LENGTH + "Transfer-Encoding: chunked\r\n"),
                head("coding and length", "Transfer-Encoding: chunked\r\n" + LENGTH),
                head("two lengths", LENGTH + "Content-Length: 3\r\n"),
                head("two lengths in one field", "Content-Length: " + BODY.length() + ", 3\r\n"),
                head("a length with a sign", "Content-Length: +" + BODY.length() + "\r\n"),
                head("a negative length", "Content-Length: -1\r\n"),
                head("a hexadecimal length", "Content-Length: 0x20\r\n"),
                head("a length beyond 63 bits", "Content-Length: 99999999999999999999\r\n"),
                head("an empty length", "Content-Length: \r\n"),
                head("a length with a unit", "Content-Length: " + BODY.length() + "b\r\n"),
                head("a coding that is not chunked", "Transfer-Encoding: identity\r\n"),
                head("chunked and another behind it", "Transfer-Encoding: chunked, identity\r\n"),
                head("another before chunked", "Transfer-Encoding: gzip, chunked\r\n"),
                head("chunked twice", "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"),
                head("almost chunked", "Transfer-Encoding: xchunked\r\n"),
                head("chunked in quotes", "Transfer-Encoding: \"chunked\"\r\n"),
                head("chunked behind a vertical tab", "Transfer-Encoding: \u000bchunked\r\n"),
                head("blank before the colon", "Content-Length : " + BODY.length() + "\r\n"),
                head("blank before a coding's colon", "Transfer-Encoding : chunked\r\n" + LENGTH),
                head("a control character in a name", "Content\u0001-Length: 3\r\n" + LENGTH),
                head("a name without a colon", "Content-Length\r\n" + LENGTH),
                head("an empty name", ": 3\r\n" + LENGTH),
                head("a lone CR in a value", "X-A: b\rContent-Length: 3\r\n" + LENGTH),
                head("a lone LF between fields", "X-A: b\n" + LENGTH),
                head("a zero byte in a value", "X-A: b\u0000c\r\n" + LENGTH),
                head("two hosts", "Host: other\r\n" + LENGTH),
                chunks("a chunk of a size with a sign", "+5\r\nhello\r\n0\r\n\r\n" + SECOND),
                chunks("a negative chunk", "-5\r\nhello\r\n0\r\n\r\n" + SECOND),
                chunks("a chunk size with 0x", "0x5\r\nhello\r\n0\r\n\r\n" + SECOND),
                chunks("a chunk size beyond 63 bits", "fffffffffffffffff\r\nhello\r\n0\r\n\r\n" + SECOND),
                chunks("a chunk size of 32 bits that wraps", "100000005\r\nhello\r\n0\r\n\r\n" + SECOND),
                chunks("a chunk longer than said", "5\r\nhello!!\r\n0\r\n\r\n" + SECOND),
                chunks("a lone LF behind a chunk's size", "5\nhello\r\n0\r\n\r\n" + SECOND),
                chunks("a lone LF in a chunk's extension", "5;a=b\nhello\r\n0\r\n\r\n" + SECOND),
                chunks("a lone LF behind a chunk", chunk(BODY).replace(BODY + "\r", BODY) + "0\r\n\r\n" + SECOND));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("corpus")
    void isRefusedAndNothingPasses(String name, String fields, String body) throws Exception {
        int before = llama.counts().requests.get();
        try (RawClient raw = new RawClient(rig.apiPort())) {
            raw.send("POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer " + rig.userKey
                    + "\r\nContent-Type: application/json\r\n" + fields + "\r\n" + body);
            String answer = raw.readAll();
            assertThat(answer).as(name).matches("(?s)(HTTP/1\\.1 (400|413|501) .*)?(<reset>)?");
            assertThat(answer.split("HTTP/1\\.1 ", -1)).as("one answer").hasSizeLessThanOrEqualTo(2);
        }
        assertThat(llama.counts().requests.get()).as("nothing passed").isEqualTo(before);
    }

    @Test
    void aRequestWithoutHostIsRefused() throws Exception {
        try (RawClient raw = new RawClient(rig.apiPort())) {
            raw.send("GET /v1/models HTTP/1.1\r\n\r\n");
            assertThat(raw.readAll()).startsWith("HTTP/1.1 400 ").contains("0 Host fields");
        }
    }

    /** Legal, if odd: it passes, and means to the backend what it means here. */
    @Test
    void foldedFieldsAndExtensionsDoNotTravelAndTrailersJoinNoHead() throws Exception {
        try (RawClient raw = new RawClient(rig.apiPort())) {
            raw.send("POST /v1/sim/headers HTTP/1.1\r\nHost: localhost\r\nConnection: close, x-hop\r\nX-Hop: 1\r\n"
                    + "X-Goinfer-Model: sim\r\nX-Goinfer-Direct: 1\r\nX-Folded: a\r\n b\r\nAuthorization: Bearer "
                    + rig.userKey + "\r\nTransfer-Encoding: chunked\r\nTrailer: x-late\r\n\r\n"
                    + Integer.toHexString(BODY.length()) + ";ext=\"1\"\r\n" + BODY
                    + "\r\n0\r\nContent-Length: 3\r\nX-Late: 1\r\n\r\n");
            String answer = raw.readAll();
            assertThat(answer).startsWith("HTTP/1.1 200 ").contains("\"x-folded\":\"a b\"");
            assertThat(answer.substring(answer.indexOf("\r\n\r\n")))
                    .doesNotContain("x-hop")
                    .doesNotContain("x-goinfer-direct")
                    .doesNotContain("x-late")
                    .doesNotContain("ext=");
        }
    }

    @Test
    void noiseIsNoRequest() throws Exception {
        for (String noise : new String[] {
            "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
            "GET  /v1/models HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
            "GET /v1/models\tHTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
            "GET /v1/models HTTP/9.9\r\nHost: x\r\n\r\n",
            "G\u0000T /v1/models HTTP/1.1\r\nHost: x\r\n\r\n",
            "\u0016\u0003\u0001\u0000\u0000"
        }) {
            try (RawClient raw = new RawClient(rig.apiPort())) {
                raw.send(noise + "\r\n\r\n");
                assertThat(raw.readAll().getBytes(StandardCharsets.UTF_8))
                        .as(noise)
                        .asString(StandardCharsets.UTF_8)
                        .matches("(?s)(HTTP/1\\.1 (4\\d\\d|505) .*)?(<reset>)?");
            }
        }
    }
}
