// SPDX-License-Identifier: MIT
package io.goinfer.tunnel.wire;

import io.netty.channel.Channel;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;

/** The only writes without a listener: what fails comes back as {@code exceptionCaught} of the same channel. */
@SuppressWarnings("FutureReturnValueIgnored")
public final class Writes {
    private Writes() {}

    public static void write(Channel channel, Object message) {
        channel.write(message, channel.voidPromise());
    }

    public static void write(ChannelHandlerContext ctx, Object message) {
        ctx.write(message, ctx.voidPromise());
    }

    public static void flush(Channel channel, Object message) {
        channel.writeAndFlush(message, channel.voidPromise());
    }

    public static void flush(ChannelHandlerContext ctx, Object message) {
        ctx.writeAndFlush(message, ctx.voidPromise());
    }

    /** For handlers that check the promise of a write: HTTP/3's encoder does. */
    public static void flushWithPromise(ChannelHandlerContext ctx, Object message) {
        ctx.writeAndFlush(message);
    }

    public static void close(Channel channel) {
        channel.close();
    }

    /** What was written before still goes out. */
    public static void flushAndClose(Channel channel, Object message) {
        channel.writeAndFlush(message).addListener(ChannelFutureListener.CLOSE);
    }
}
