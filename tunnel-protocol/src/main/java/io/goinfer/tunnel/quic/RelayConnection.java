// SPDX-License-Identifier: MIT
package io.goinfer.tunnel.quic;

import io.goinfer.tunnel.wire.Writes;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.handler.codec.http3.Http3ServerConnectionHandler;
import io.netty.handler.codec.http3.Http3SettingsFrame;
import io.netty.handler.codec.quic.QuicChannel;
import io.netty.handler.codec.quic.QuicStreamChannel;
import io.netty.util.ReferenceCountUtil;
import io.netty.util.concurrent.Future;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** One QUIC connection at the relay until somebody has authenticated: its pipeline, its SETTINGS, its place among the unknown. Confined to its loop. */
final class RelayConnection extends ChannelInboundHandlerAdapter {
    private static final Logger LOG = LoggerFactory.getLogger(RelayConnection.class);
    private static final long PATIENCE_SECONDS = 5;

    private final QuicListener listener;
    private SocketAddress remote = new InetSocketAddress(0);
    private @Nullable Boolean understands;
    private @Nullable Consumer<Boolean> waiting;
    private @Nullable Future<?> patience;
    private boolean claimed;
    private boolean counted;

    private RelayConnection(QuicListener listener) {
        this.listener = listener;
    }

    /** {@code connection · http/3}; each request stream: {@code HTTP/3 codec · connect}. */
    static ChannelHandler pipeline(QuicListener listener) {
        return new ChannelInitializer<QuicChannel>() {
            @Override
            protected void initChannel(QuicChannel channel) {
                RelayConnection connection = new RelayConnection(listener);
                channel.pipeline().addLast("relay-connection", connection);
                channel.pipeline()
                        .addLast(
                                "http3",
                                new Http3ServerConnectionHandler(
                                        connection.requestStreams(),
                                        connection.settings(),
                                        null,
                                        H3.settings(true),
                                        true,
                                        (id, value) -> id == H3.GOINFER_TUNNEL));
            }
        };
    }

    private ChannelHandler requestStreams() {
        return new ChannelInitializer<QuicStreamChannel>() {
            @Override
            protected void initChannel(QuicStreamChannel channel) {
                channel.pipeline().addLast("connect", new RelayConnect(listener, RelayConnection.this));
            }
        };
    }

    private ChannelHandler settings() {
        return new ChannelInboundHandlerAdapter() {
            @Override
            public void channelRead(ChannelHandlerContext ctx, Object msg) {
                if (msg instanceof Http3SettingsFrame frame) {
                    settled(H3.understandsUs(frame));
                }
                ReferenceCountUtil.release(msg);
            }
        };
    }

    SocketAddress remote() {
        return remote;
    }

    /** True if this connection already has or had its CONNECT; claims it otherwise. */
    boolean claimed() {
        boolean before = claimed;
        claimed = true;
        return before;
    }

    void whenNodeUnderstandsUs(Consumer<Boolean> then) {
        if (understands != null) {
            then.accept(understands);
        } else {
            waiting = then;
            patience = listener.loop().schedule(() -> settled(false), PATIENCE_SECONDS, TimeUnit.SECONDS);
        }
    }

    /** The client certificate was accepted: this connection no longer counts as unknown. */
    void authenticated() {
        forget();
        if (remote instanceof InetSocketAddress address) {
            listener.rate().authenticated(address.getAddress(), System.nanoTime());
        }
    }

    private void settled(boolean ok) {
        if (understands == null) {
            understands = ok;
            if (patience != null) {
                patience.cancel(false);
            }
            if (waiting != null) {
                waiting.accept(ok);
            }
        }
    }

    @Override
    public void channelActive(ChannelHandlerContext ctx) {
        SocketAddress address = ((QuicChannel) ctx.channel()).remoteSocketAddress();
        if (address != null) {
            remote = address;
        }
        int factor = listener.rate().factor(Unknown.address(remote), System.nanoTime());
        if (!listener.unknown().enter(remote, factor)) {
            LOG.warn("{}: too many unauthenticated connections", remote);
            Writes.close(ctx.channel());
            return;
        }
        counted = true;
        ctx.fireChannelActive();
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
        forget();
        ctx.fireChannelInactive();
    }

    private void forget() {
        if (counted) {
            counted = false;
            listener.unknown().leave(remote);
        }
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
        LOG.warn("{}: QUIC connection failed: {}", remote, cause.toString());
        Writes.close(ctx.channel());
    }
}
