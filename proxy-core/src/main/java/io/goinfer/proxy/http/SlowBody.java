// SPDX-License-Identifier: MIT
package io.goinfer.proxy.http;

import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.handler.codec.http.HttpContent;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.LastHttpContent;
import io.netty.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Notices a request body that is read and hardly comes: it would hold a connection, and what waits with it, for as long as its sender likes. Two slow
 * intervals in a row fire {@link #TOO_SLOW}. While nothing is read, for back-pressure, nothing is expected. Confined to the channel's loop.
 */
final class SlowBody extends ChannelInboundHandlerAdapter {
    static final Object TOO_SLOW = new Object();

    static final long INTERVAL_SECONDS = 15;

    /** A mouse's pace: 100 bytes a second. */
    static final long MIN_BYTES = 100 * INTERVAL_SECONDS;

    private @Nullable Future<?> timer;
    private long bytes;
    private boolean slowBefore;

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object msg) {
        if (msg instanceof HttpRequest && !(msg instanceof LastHttpContent)) {
            stop();
            slowBefore = false;
            next(ctx);
        }
        if (msg instanceof HttpContent content) {
            bytes += content.content().readableBytes();
        }
        if (msg instanceof LastHttpContent) {
            stop();
        }
        ctx.fireChannelRead(msg);
    }

    private void next(ChannelHandlerContext ctx) {
        bytes = 0;
        timer = ctx.executor().schedule(() -> check(ctx), INTERVAL_SECONDS, TimeUnit.SECONDS);
    }

    private void check(ChannelHandlerContext ctx) {
        boolean slow = bytes < MIN_BYTES && ctx.channel().config().isAutoRead();
        if (slow && slowBefore) {
            timer = null;
            ctx.fireUserEventTriggered(TOO_SLOW);
            return;
        }
        slowBefore = slow;
        next(ctx);
    }

    private void stop() {
        if (timer != null) {
            timer.cancel(false);
            timer = null;
        }
    }

    @Override
    public void handlerRemoved(ChannelHandlerContext ctx) {
        stop();
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
        stop();
        ctx.fireChannelInactive();
    }
}
