// SPDX-License-Identifier: MIT
package io.goinfer.proxy.upstream;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.handler.codec.http.DefaultHttpHeaders;
import io.netty.handler.codec.http.EmptyHttpHeaders;
import io.netty.handler.codec.http.HttpHeaders;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What a backend's bytes become, and what it is sent. Rows write {@code |} for the end of a line. */
class BackendAnswersTest {
    private final List<String> told = new ArrayList<>();
    private final EmbeddedChannel channel = new EmbeddedChannel(BackendConnection.codec());
    private BackendConnection connection = open("GET", new DefaultHttpHeaders(), false);

    @AfterEach
    void nothingIsLeft() {
        channel.finishAndReleaseAll();
    }

    private BackendConnection open(String method, HttpHeaders headers, boolean hasBody) {
        HttpUpstream.Target target = new HttpUpstream.Target(
                () -> null, "b:1", "", null, () -> true, () -> {}, Duration.ZERO, Duration.ZERO);
        BackendConnection opened =
                new BackendConnection(target, RequestHead.first("1", method, "/p", headers, hasBody), new Told());
        opened.begin();
        return opened;
    }

    private String sent() {
        StringBuilder all = new StringBuilder();
        for (ByteBuf next = channel.readOutbound(); next != null; next = channel.readOutbound()) {
            all.append(next.toString(StandardCharsets.ISO_8859_1));
            next.release();
        }
        return all.toString();
    }

    private void asked() {
        connection.attach(channel);
        connection.end(EmptyHttpHeaders.INSTANCE);
        connection.flush();
        told.clear();
    }

    private void comes(String bytes) {
        channel.writeInbound(Unpooled.copiedBuffer(bytes.replace("|", "\r\n"), StandardCharsets.ISO_8859_1));
    }

    private void failed() {
        assertThat(told).last().asString().startsWith("failed ");
        assertThat(told).doesNotContain("end").doesNotContain("body evil");
        assertThat(channel.isOpen()).isFalse();
    }

    @Test
    void anAnswerEndsItsConnection() {
        asked();
        comes("HTTP/1.1 200 OK|Content-Length: 5|Connection: keep-alive||rightHTTP/1.1 200 OK|Content-Length: 4||evil");
        assertThat(told).containsExactly("head 200", "body right", "end");
        assertThat(channel.isOpen()).isFalse();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "HTTP/1.1 200 OK|Content-Length: -1||right",
                "HTTP/1.1 200 OK|Content-Length: 5, 5||right",
                "HTTP/1.1 200 OK|Content-Length: 5|Content-Length: 5||right",
                "HTTP/1.1 200 OK|Content-Length: 5|Transfer-Encoding: chunked||5|right|0||",
                "HTTP/1.1 200 OK|Transfer-Encoding: gzip||right",
                "HTTP/1.1 200 OK|Transfer-Encoding: chunked, chunked||5|right|0||",
                "HTTP/1.0 200 OK|Transfer-Encoding: chunked||5|right|0||",
                "HTTP/1.1 204 No|Content-Length: 4||evil",
                "HTTP/1.1 205 No|Content-Length: 4||evil",
                "HTTP/1.1 205 No|Transfer-Encoding: chunked||4|evil|0||",
                "HTTP/1.1 101 S|Upgrade: websocket||evil",
                "HTTP/1.1 103 Early|Content-Length: 4||evilHTTP/1.1 200 OK|Content-Length: 4||evil",
                "HTTP/1.1 666 No|Content-Length: 0||",
                "HTTP/1.1 099 No|Content-Length: 0||",
                "HTTP/3.0 200 OK|Content-Length: 0||",
                "HTTP/1.1 200 OK|X-A: b\u0001|Content-Length: 0||",
                "HTTP/1.1 200 OK|X-A: b\u007f|Content-Length: 0||",
                "HTTP/1.1 200 OK|X{A: b|Content-Length: 0||",
                "HTTP/1.1 200 OK|:status: 200|Content-Length: 0||",
            })
    void whatIsNoAnswerIsAFailure(String answer) {
        asked();
        comes(answer);
        failed();
    }

    @ParameterizedTest
    @CsvSource({
        "HTTP/1.1 200 OK|Content-Length: 6||right",
        "HTTP/1.1 200 OK|Transfer-Encoding: chunked||5|right|",
        "HTTP/1.1 200 OK|Content-Length: 6|",
        "HTTP/1.1 103 Early||",
    })
    void anEarlyEndIsAFailure(String answer) {
        asked();
        comes(answer);
        channel.close();
        failed();
    }

    @Test
    void theConnectionsEndEndsAnAnswerOnlyIfItIsAGoodOne() {
        asked();
        comes("HTTP/1.0 200 OK||right");
        channel.pipeline().fireExceptionCaught(new IOException("Connection reset by peer"));
        channel.close();
        assertThat(told).startsWith("head 200", "body right");
        failed();
    }

    @Test
    void aGoodEndDoes() {
        asked();
        comes("HTTP/1.0 200 OK||right");
        channel.close();
        assertThat(told).containsExactly("head 200", "body right", "end");
    }

    @ParameterizedTest
    @CsvSource({"HEAD, 200", "GET, 204", "GET, 304"})
    void whatFollowsAHeadWithoutABodyIsNobodys(String method, int status) {
        connection = open(method, new DefaultHttpHeaders(), false);
        asked();
        comes("HTTP/1.1 " + status + " OK||HTTP/1.1 200 OK|Content-Length: 4||evil");
        assertThat(told).containsExactly("head " + status, "end");
        assertThat(channel.isOpen()).isFalse();
    }

    @ParameterizedTest
    @CsvSource({"Upgrade: websocket, true", "Upgrade: WebSocket, true", "Upgrade: h2c, false", "X-A: b, false"})
    void switchesOnlyToWhatWasAskedFor(String field, boolean switches) {
        connection = open("GET", new DefaultHttpHeaders().set("upgrade", "websocket"), true);
        asked();
        comes("HTTP/1.1 101 S|Connection: upgrade|Sec-WebSocket-Accept: x|" + field + "||any");
        if (switches) {
            assertThat(told).containsExactly("head 101", "body any");
            assertThat(channel.isOpen()).isTrue();
        } else {
            failed();
        }
    }

    @Test
    void trailersGoBehindChunks() {
        connection = open("POST", new DefaultHttpHeaders(), true);
        connection.attach(channel);
        connection.body(Unpooled.copiedBuffer("hello", StandardCharsets.US_ASCII));
        connection.end(new DefaultHttpHeaders().set("x-late", "1"));
        connection.flush();
        assertThat(sent())
                .contains("transfer-encoding: chunked\r\n")
                .endsWith("\r\n\r\n5\r\nhello\r\n0\r\nx-late: 1\r\n\r\n");
    }

    @Test
    void trailersHaveNoPlaceBehindALength() {
        connection = open("POST", new DefaultHttpHeaders().set("content-length", "5"), true);
        connection.attach(channel);
        connection.body(Unpooled.copiedBuffer("hello", StandardCharsets.US_ASCII));
        connection.end(new DefaultHttpHeaders().set("x-late", "1"));
        connection.flush();
        assertThat(sent()).endsWith("\r\n\r\nhello");
    }

    private final class Told implements Upstream.Response {
        @Override
        public void onInfo(int status, HttpHeaders headers) {
            told.add("info " + status);
        }

        @Override
        public void onHead(int status, HttpHeaders headers) {
            told.add("head " + status);
        }

        @Override
        public void onBody(ByteBuf content) {
            told.add("body " + content.toString(StandardCharsets.US_ASCII));
            content.release();
        }

        @Override
        public void onEnd(HttpHeaders trailers) {
            told.add("end");
        }

        @Override
        public void onFailed(Refusal refusal) {
            told.add("failed " + refusal.message());
        }

        @Override
        public void onWritable() {}

        @Override
        public void onBatchEnd() {}
    }
}
