// SPDX-License-Identifier: MIT
package io.goinfer.proxy.http;

import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelException;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelOption;

/**
 * Ends a connection whose answer is not whole so that its client can tell (RFC 9112 §8): without TLS's close_notify, and where the end of the connection
 * alone says where the answer ends, as to a client of HTTP/1.0, with TCP's RST. On the channel's loop.
 */
final class Cut {
    private Cut() {}

    /** An answer begins that only the connection's end delimits: until {@link #whole} every end is a RST, also one that the system makes for a dead process. */
    static void untilWhole(Channel channel) {
        linger(channel, 0);
    }

    static void whole(Channel channel) {
        linger(channel, -1);
    }

    private static void linger(Channel channel, int seconds) {
        try {
            channel.config().setOption(ChannelOption.SO_LINGER, seconds);
        } catch (ChannelException e) {
            // The client has closed it already.
            channel.pipeline().fireExceptionCaught(e);
        }
    }

    /** What was written before still goes out. */
    static void behindWrites(Channel channel) {
        channel.writeAndFlush(Unpooled.EMPTY_BUFFER).addListener(written -> now(channel));
    }

    static void now(Channel channel) {
        // From the pipeline's head: TLS would say goodbye first.
        ChannelHandlerContext first = channel.pipeline().firstContext();
        if (first == null) {
            channel.close().addListener(closed -> {});
        } else {
            first.close().addListener(closed -> {});
        }
    }
}
