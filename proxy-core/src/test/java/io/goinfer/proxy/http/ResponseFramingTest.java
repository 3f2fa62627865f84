// SPDX-License-Identifier: MIT
package io.goinfer.proxy.http;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.handler.codec.http.DefaultHttpHeaders;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpVersion;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ResponseFramingTest {
    @ParameterizedTest
    @CsvSource({
        "GET, HTTP/1.1, 200, , CHUNKED, 'transfer-encoding: chunked'",
        "GET, HTTP/1.1, 200, 5, LENGTH, 'content-length: 5'",
        "GET, HTTP/1.1, 200, 0, LENGTH, 'content-length: 0'",
        "GET, HTTP/1.0, 200, , CLOSE, 'connection: close'",
        "GET, HTTP/1.0, 200, 5, LENGTH, 'content-length: 5'",
        "GET, HTTP/1.1, 500, , CHUNKED, 'transfer-encoding: chunked'",
        "HEAD, HTTP/1.1, 200, , NO_BODY, ''",
        "HEAD, HTTP/1.1, 200, 5, NO_BODY, 'content-length: 5'",
        "HEAD, HTTP/1.0, 200, , NO_BODY, ''",
        "GET, HTTP/1.1, 204, , NO_BODY, ''",
        "GET, HTTP/1.1, 304, 5, NO_BODY, 'content-length: 5'",
        "GET, HTTP/1.1, 205, , LENGTH, 'content-length: 0'",
        "GET, HTTP/1.0, 205, , LENGTH, 'content-length: 0'",
        "GET, HTTP/1.1, 101, , SWITCHED, 'connection: upgrade'",
    })
    void isChosenHere(String method, String client, int status, String length, ResponseFraming framing, String head) {
        HttpHeaders fields = new DefaultHttpHeaders();
        if (length != null) {
            fields.set("content-length", length);
        }
        ResponseFraming chosen =
                ResponseFraming.of(HttpMethod.valueOf(method), HttpVersion.valueOf(client), status, fields);
        chosen.into(status, fields);

        assertThat(chosen).isEqualTo(framing);
        StringBuilder written = new StringBuilder();
        fields.forEach(field -> written.append(field.getKey()).append(": ").append(field.getValue()));
        assertThat(written.toString()).isEqualTo(head);
    }
}
