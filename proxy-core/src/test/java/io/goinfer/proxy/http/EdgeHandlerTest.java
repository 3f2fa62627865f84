// SPDX-License-Identifier: MIT
package io.goinfer.proxy.http;

import static org.assertj.core.api.Assertions.assertThat;

import io.goinfer.proxy.config.GoinferConfig;
import io.goinfer.proxy.control.Reply;
import io.goinfer.proxy.metrics.Captures;
import io.goinfer.proxy.metrics.Metrics;
import io.goinfer.proxy.net.ByteBudget;
import io.goinfer.proxy.net.ConnectionLimit;
import io.goinfer.proxy.route.Catalog;
import io.goinfer.proxy.route.Router;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelOutboundHandlerAdapter;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.handler.codec.http.DefaultHttpRequest;
import io.netty.handler.codec.http.HttpDecoderConfig;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpVersion;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class EdgeHandlerTest {
    private static final String PREFLIGHT = "OPTIONS /v1/models HTTP/1.1\r\nHost: x\r\nOrigin: http://x\r\n"
            + "Access-Control-Request-Method: GET\r\n\r\n";

    /** The client's socket, which takes nothing while it is closed. */
    private static final class Socket extends ChannelOutboundHandlerAdapter {
        private boolean open;

        @Override
        public void flush(ChannelHandlerContext ctx) {
            if (open) {
                ctx.flush();
            }
        }
    }

    private final Socket socket = new Socket();
    private final ByteBudget pipelined = new ByteBudget(1 << 20);
    private final EmbeddedChannel channel = channel();

    private EmbeddedChannel channel() {
        Router router = new Router(() -> Catalog.EMPTY, () -> false);
        EdgeRules rules = new EdgeRules(
                null,
                List.of("*"),
                null,
                router,
                GoinferConfig.defaults().limits(),
                new ByteBudget(),
                new ByteBudget(),
                pipelined,
                new Metrics(),
                Requests.of(router, 10, new Captures(0, Runnable::run), null),
                new ConnectionLimit(10, 10),
                () -> false);
        EdgeCodec codec = new EdgeCodec(new HttpDecoderConfig(), pipelined);
        return new EmbeddedChannel(socket, codec, new EdgeHandler(rules, Set.of(), codec));
    }

    @AfterEach
    void stop() {
        channel.finishAndReleaseAll();
    }

    @Test
    void aStreamForAClientThatHasLeftEndsAtOnce() {
        AtomicInteger listeners = new AtomicInteger();
        EdgeHandler edge = channel.pipeline().get(EdgeHandler.class);
        channel.close();
        Reply reply = Reply.stream("text/plain", new byte[0], sink -> {
            listeners.incrementAndGet();
            return listeners::decrementAndGet;
        });
        HttpRequest head = new DefaultHttpRequest(HttpVersion.HTTP_1_1, HttpMethod.GET, "/logs/stream");
        new StreamReply(edge, reply).start(head);
        assertThat(listeners).hasValue(0);
    }

    /** A RST would take the answer away from it. */
    @Test
    void aClientThatStillSendsGetsItsAnswerBeforeTheConnectionEnds() {
        socket.open = true;
        channel.writeInbound(Unpooled.copiedBuffer(
                PREFLIGHT.replace("\r\n\r\n", "\r\nContent-Length: 1000\r\n\r\nhalf"), StandardCharsets.US_ASCII));
        channel.pipeline().get(EdgeHandler.class).exchangeDone(true);
        channel.runPendingTasks();
        assertThat(channel.isOpen()).as("what it sends is read").isTrue();
    }

    private int answers() {
        StringBuilder all = new StringBuilder();
        for (ByteBuf part = channel.readOutbound(); part != null; part = channel.readOutbound()) {
            all.append(part.toString(StandardCharsets.US_ASCII));
            part.release();
        }
        return all.toString().split("HTTP/1.1 204", -1).length - 1;
    }

    @Test
    void whoDoesNotReadAnswersGetsNoMoreOfThem() {
        int requests = 1_000;
        channel.writeInbound(Unpooled.copiedBuffer(PREFLIGHT.repeat(requests), StandardCharsets.US_ASCII));

        long waiting = Objects.requireNonNull(channel.unsafe().outboundBuffer()).totalPendingWriteBytes();
        long most = channel.config().getWriteBufferHighWaterMark() + (4 << 10);
        assertThat(waiting).as("answers that nobody takes").isPositive().isLessThan(most);
        assertThat(channel.config().isAutoRead()).isFalse();

        socket.open = true;
        channel.flush();
        int answered = answers();
        for (int before = 0; answered > before; answered += answers()) {
            before = answered;
            channel.flush();
        }
        assertThat(answered).isEqualTo(requests);
        assertThat(channel.config().isAutoRead()).isTrue();
    }
}
