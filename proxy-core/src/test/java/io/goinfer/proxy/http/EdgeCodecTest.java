// SPDX-License-Identifier: MIT
package io.goinfer.proxy.http;

import static org.assertj.core.api.Assertions.assertThat;

import io.goinfer.proxy.net.ByteBudget;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOutboundHandlerAdapter;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.HttpContent;
import io.netty.handler.codec.http.HttpDecoderConfig;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.LastHttpContent;
import io.netty.util.ReferenceCountUtil;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class EdgeCodecTest {
    private static final String FIRST = "GET /1 HTTP/1.1\r\nHost: x\r\n\r\n";
    private static final String SECOND = "POST /2 HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello";

    private final ByteBudget budget = new ByteBudget(1 << 20);
    private final EdgeCodec codec = new EdgeCodec(new HttpDecoderConfig(), budget);
    private final List<String> seen = new ArrayList<>();
    private int reads;
    private boolean answersAtOnce;
    private final EmbeddedChannel channel = new EmbeddedChannel(
            new ChannelOutboundHandlerAdapter() {
                @Override
                public void read(ChannelHandlerContext ctx) {
                    reads++;
                    ctx.read();
                }
            },
            codec,
            new ChannelInboundHandlerAdapter() {
                @Override
                public void channelRead(ChannelHandlerContext ctx, Object msg) {
                    take(msg);
                }
            });

    private void take(Object msg) {
        if (msg instanceof HttpRequest head) {
            seen.add(head.uri());
        } else if (msg instanceof HttpContent content && content.content().isReadable()) {
            seen.add(content.content().toString(StandardCharsets.UTF_8));
        } else if (msg instanceof ByteBuf raw) {
            seen.add("raw " + raw.toString(StandardCharsets.UTF_8));
        }
        boolean last = msg instanceof LastHttpContent;
        ReferenceCountUtil.release(msg);
        if (last && answersAtOnce) {
            codec.next();
        }
    }

    @AfterEach
    void stop() {
        channel.finishAndReleaseAll();
        assertThat(budget.used()).as("what a closed connection holds").isZero();
    }

    private void send(String text) {
        channel.writeInbound(Unpooled.copiedBuffer(text, StandardCharsets.US_ASCII));
    }

    private void sendZeros(int bytes) {
        channel.writeInbound(Unpooled.wrappedBuffer(new byte[bytes]));
    }

    @Test
    void whatComesBehindARequestWaitsAsBytesAndStopsTheReading() {
        send(FIRST + SECOND + FIRST);

        assertThat(seen).containsExactly("/1");
        assertThat(budget.used()).isEqualTo(SECOND.length() + FIRST.length());
        assertThat(channel.config().isAutoRead()).isFalse();
        int before = reads;
        channel.pipeline().fireChannelReadComplete();
        assertThat(reads).as("asks for nothing more").isEqualTo(before);

        codec.next();
        assertThat(seen).containsExactly("/1", "/2", "hello");
        assertThat(budget.used()).isEqualTo(FIRST.length());
        assertThat(channel.config().isAutoRead()).isFalse();

        codec.next();
        assertThat(seen).containsExactly("/1", "/2", "hello", "/1");
        assertThat(budget.used()).isZero();
        assertThat(channel.config().isAutoRead()).isTrue();
    }

    @Test
    void aRequestInPiecesIsReadToItsEnd() {
        for (char c : (FIRST + SECOND).toCharArray()) {
            send(String.valueOf(c));
            if (seen.equals(List.of("/1")) && !codec.holds()) {
                codec.next();
            }
        }
        assertThat(String.join("", seen)).isEqualTo("/1/2hello");
    }

    @Test
    void requestsThatAreAnsweredAtOnceDoNotWait() {
        answersAtOnce = true;
        send(FIRST.repeat(1_000));
        assertThat(seen).hasSize(1_000);
        assertThat(channel.config().isAutoRead()).isTrue();
    }

    /** As after the end of a client that was not read: epoll reads then whatever is left. */
    @Test
    void whatComesWhileNothingIsReadIsBounded() {
        send(FIRST + SECOND);
        sendZeros(EdgeCodec.MOST / 2);
        assertThat(codec.dropped()).isFalse();

        for (int i = 0; i < 100; i++) {
            sendZeros(64 << 10);
            assertThat(budget.used()).isLessThanOrEqualTo(EdgeCodec.MOST);
        }
        assertThat(codec.dropped()).isTrue();
        assertThat(seen).containsExactly("/1");
    }

    @Test
    void connectionsShareABudget() {
        budget.take((1 << 20) - 10);
        send(FIRST + SECOND);
        assertThat(codec.dropped()).isTrue();
        assertThat(budget.used()).isEqualTo((1 << 20) - 10);
        assertThat(channel.config().isAutoRead()).as("reads and drops").isTrue();
        budget.release((1 << 20) - 10);
    }

    @Test
    void whatIsHeldGoesOnAsBytesWhenTheProtocolChanges() {
        send(FIRST + "\u0001\u0002 no HTTP");
        channel.pipeline().remove(codec);
        assertThat(seen).containsExactly("/1", "raw \u0001\u0002 no HTTP");
        assertThat(budget.used()).isZero();
    }

    @Test
    void anAnswerToHeadHasNoBody() {
        for (String method : List.of("HEAD", "GET")) {
            send(method + " / HTTP/1.1\r\nHost: x\r\n\r\n");
            ByteBuf body = Unpooled.copiedBuffer("body", StandardCharsets.US_ASCII);
            DefaultFullHttpResponse answer =
                    new DefaultFullHttpResponse(HttpVersion.HTTP_1_1, HttpResponseStatus.OK, body);
            answer.headers().set("content-length", 4);
            channel.writeOutbound(answer);
            StringBuilder sent = new StringBuilder();
            for (ByteBuf part = channel.readOutbound(); part != null; part = channel.readOutbound()) {
                sent.append(part.toString(StandardCharsets.US_ASCII));
                part.release();
            }
            assertThat(sent.toString().endsWith("body")).isEqualTo(method.equals("GET"));
            codec.next();
        }
    }
}
