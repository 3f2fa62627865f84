// SPDX-License-Identifier: MIT
package io.goinfer.proxy.upstream;

import io.goinfer.proxy.net.EventLoops;
import io.goinfer.tunnel.wire.Writes;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.EventLoop;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.handler.codec.http.DefaultFullHttpRequest;
import io.netty.handler.codec.http.FullHttpRequest;
import io.netty.handler.codec.http.FullHttpResponse;
import io.netty.handler.codec.http.HttpClientCodec;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpObjectAggregator;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.util.concurrent.Future;
import java.net.InetSocketAddress;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** One GET to a backend for goinfer itself: lists, health, properties. Confined to its loop. */
public final class SmallGet extends SimpleChannelInboundHandler<FullHttpResponse> {
    private static final int MAX_BODY = 4 << 20;

    /** Told exactly once. */
    public interface Answer {
        void answered(int status, byte[] body);

        void failed(String reason);
    }

    private final Answer answer;
    private boolean told;
    private @Nullable Future<?> timer;

    private SmallGet(Answer answer) {
        this.answer = answer;
    }

    /** @param key sent as Bearer, or null */
    public static void send(
            EventLoop loop,
            InetSocketAddress to,
            String authority,
            String path,
            @Nullable String key,
            long timeoutMillis,
            Answer answer) {
        SmallGet get = new SmallGet(answer);
        EventLoops.client(loop)
                .handler(new ChannelInitializer<>() {
                    @Override
                    protected void initChannel(Channel ch) {
                        ch.pipeline().addLast(new HttpClientCodec(), new HttpObjectAggregator(MAX_BODY), get);
                    }
                })
                .connect(to)
                .addListener(connected -> {
                    Channel channel = ((io.netty.channel.ChannelFuture) connected).channel();
                    if (!connected.isSuccess()) {
                        get.fail("it does not accept connections ("
                                + connected.cause().getMessage() + ")");
                        return;
                    }
                    FullHttpRequest request = new DefaultFullHttpRequest(
                            HttpVersion.HTTP_1_1, HttpMethod.GET, path, Unpooled.EMPTY_BUFFER);
                    request.headers().set("host", authority).set("connection", "close");
                    if (key != null) {
                        request.headers().set("authorization", "Bearer " + key);
                    }
                    Writes.flush(channel, request);
                    get.timer = loop.schedule(
                            () -> {
                                Writes.close(channel);
                                get.fail("it does not answer");
                            },
                            timeoutMillis,
                            TimeUnit.MILLISECONDS);
                });
    }

    @Override
    protected void channelRead0(ChannelHandlerContext ctx, FullHttpResponse response) {
        Writes.close(ctx.channel());
        if (!told) {
            finish();
            answer.answered(response.status().code(), ByteBufUtil.getBytes(response.content()));
        }
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
        fail("it closed the connection");
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
        Writes.close(ctx.channel());
        fail("it does not speak HTTP");
    }

    private void fail(String reason) {
        if (!told) {
            finish();
            answer.failed(reason);
        }
    }

    private void finish() {
        told = true;
        if (timer != null) {
            timer.cancel(false);
        }
    }
}
