// SPDX-License-Identifier: MIT
package io.goinfer.proxy.upstream;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netty.handler.codec.http.DefaultHttpHeadersFactory;
import io.netty.handler.codec.http.HttpHeaders;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What a head says of its body; several values of a field stand apart by {@code |}. */
class BodyLengthTest {
    private static HttpHeaders head(String lengths, String codings) {
        HttpHeaders head =
                DefaultHttpHeadersFactory.headersFactory().withValidation(false).newHeaders();
        add(head, "Content-Length", lengths);
        add(head, "Transfer-Encoding", codings);
        return head;
    }

    private static void add(HttpHeaders head, String name, String values) {
        if (values != null) {
            for (String value : values.split("\\|", -1)) {
                head.add(name, value);
            }
        }
    }

    @ParameterizedTest
    @CsvSource({
        "GET, 200, 5, , 5",
        "GET, 200, 0, , 0",
        "GET, 200, 0005, , 5",
        "GET, 200, 9223372036854775807, , 9223372036854775807",
        "GET, 200, , , -1",
        "GET, 200, , chunked, -1",
        "GET, 200, , Chunked, -1",
        "GET, 500, 5, , 5",
        "HEAD, 200, 5, , 0",
        "HEAD, 200, , chunked, 0",
        "HEAD, 404, , , 0",
        "GET, 304, 5, , 0",
        "GET, 304, , , 0",
        "GET, 204, , , 0",
        "GET, 204, 0, , 0",
        "GET, 204, , chunked, 0",
        "GET, 205, , , 0",
        "GET, 205, 0, , 0",
        "GET, 205, , chunked, 0",
        "GET, 101, , , 0",
        "GET, 101, 0, , 0",
    })
    void isWhatTheHeadSays(String method, int status, String lengths, String codings, long expected) {
        assertThat(BodyLength.of(method, status, head(lengths, codings))).isEqualTo(expected);
    }

    @ParameterizedTest
    @CsvSource({
        "GET, 200, -1,",
        "GET, 200, +12,",
        "GET, 200, 0x20,",
        "GET, 200, '',",
        "GET, 200, ' ',",
        "GET, 200, ' 5',",
        "GET, 200, 9223372036854775808,",
        "GET, 200, 99999999999999999999,",
        "GET, 200, '5, 5',",
        "GET, 200, '5,',",
        "GET, 200, 5|5,",
        "GET, 200, 5|6,",
        "GET, 200, 5.0,",
        "GET, 200, 5b,",
        "GET, 200, \u0665,",
        "GET, 200, 5, chunked",
        "GET, 200, 5, ''",
        "GET, 200, , gzip",
        "GET, 200, , 'gzip, chunked'",
        "GET, 200, , 'chunked, gzip'",
        "GET, 200, , chunked|chunked",
        "GET, 200, , identity",
        "GET, 200, , ''",
        "HEAD, 200, -1,",
        "GET, 304, 5|6,",
        "GET, 204, 5,",
        "GET, 205, 5,",
        "GET, 101, 5,",
    })
    void isRefusedWhereTwoReadersCouldDiffer(String method, int status, String lengths, String codings) {
        assertThatThrownBy(() -> BodyLength.of(method, status, head(lengths, codings)))
                .isInstanceOf(MalformedHead.class)
                .hasMessageContaining("expected: ");
    }
}
