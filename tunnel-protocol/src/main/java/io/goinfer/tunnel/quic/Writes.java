// SPDX-License-Identifier: MIT
package io.goinfer.tunnel.quic;

import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;

/** The only writes without a listener: what fails comes back as {@code exceptionCaught} of the same channel. */
@SuppressWarnings("FutureReturnValueIgnored")
final class Writes {
    private Writes() {}

    static void write(Channel channel, Object message) {
        channel.write(message, channel.voidPromise());
    }

    static void flush(ChannelHandlerContext ctx, Object message) {
        ctx.writeAndFlush(message, ctx.voidPromise());
    }

    /** For handlers that check the promise of a write: HTTP/3's encoder does. */
    static void flushWithPromise(ChannelHandlerContext ctx, Object message) {
        ctx.writeAndFlush(message);
    }

    static void close(Channel channel) {
        channel.close();
    }
}
