// SPDX-License-Identifier: MIT
package io.goinfer.proxy.http;

import io.goinfer.proxy.net.ConnectionLimit;
import io.goinfer.tunnel.wire.Writes;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import org.jspecify.annotations.Nullable;

/** Counts a client's connection, until it ends or becomes a tunnel; one too many is closed before anything of it is read. */
final class CountedConnection extends ChannelInboundHandlerAdapter {
    private final ConnectionLimit limit;
    private @Nullable InetAddress counted;

    CountedConnection(ConnectionLimit limit) {
        this.limit = limit;
    }

    @Override
    public void channelActive(ChannelHandlerContext ctx) {
        InetAddress address = ctx.channel().remoteAddress() instanceof InetSocketAddress remote
                ? remote.getAddress()
                : InetAddress.getLoopbackAddress();
        if (limit.enter(address)) {
            counted = address;
            ctx.fireChannelActive();
        } else {
            Writes.close(ctx.channel());
        }
    }

    @Override
    public void handlerRemoved(ChannelHandlerContext ctx) {
        leave();
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
        leave();
        ctx.fireChannelInactive();
    }

    private void leave() {
        if (counted != null) {
            limit.leave(counted);
            counted = null;
        }
    }
}
