// SPDX-License-Identifier: MIT
package io.goinfer.tunnel.quic;

import io.goinfer.tunnel.frame.Code;
import io.goinfer.tunnel.wire.PeerChain;
import io.goinfer.tunnel.wire.Writes;
import io.netty.buffer.Unpooled;
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
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.nio.charset.StandardCharsets;
import java.security.cert.X509Certificate;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One QUIC connection at the relay: its pipeline, its SETTINGS, its place among the strangers until its certificate is known to be good, and its deadline until
 * its CONNECT was accepted (docs/decisions/023). Confined to its loop.
 */
final class RelayConnection extends ChannelInboundHandlerAdapter {
    private static final Logger LOG = LoggerFactory.getLogger(RelayConnection.class);
    private static final long PATIENCE_SECONDS = 5;

    /** For an answer that refuses to get there. */
    private static final long LAST_WORDS_MILLIS = 1_000;

    /** RFC 9114 §8.1. */
    private static final int H3_NO_ERROR = 0x100;

    private static final int H3_EXCESSIVE_LOAD = 0x107;

    private final QuicListener listener;
    private SocketAddress remote = new InetSocketAddress(0);
    private @Nullable Boolean understands;
    private @Nullable Consumer<Boolean> waiting;
    private @Nullable Future<?> deadline;
    private @Nullable QuicChannel channel;
    private boolean claimed;
    private boolean accepted;
    private boolean refused;

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
        }
    }

    /** The CONNECT was accepted: from here on this is a tunnel. */
    void accepted() {
        accepted = true;
        known();
        if (deadline != null) {
            deadline.cancel(false);
        }
    }

    /** Something was refused: who is no tunnel has one answer to read, then the connection ends. */
    void refused() {
        if (!accepted && !refused) {
            refused = true;
            Future<?> unused = listener.loop()
                    .schedule(() -> close(H3_NO_ERROR, "refused"), LAST_WORDS_MILLIS, TimeUnit.MILLISECONDS);
        }
    }

    /** More streams are of no use. */
    boolean isRefused() {
        return refused;
    }

    /** Its certificate is good: it takes no stranger's place any more. */
    private void known() {
        listener.strangers().leave(this);
        listener.rate().authenticated(Peers.address(remote), System.nanoTime());
    }

    private void onDeadline() {
        if (waiting != null) {
            settled(false);
        } else {
            close(H3_NO_ERROR, "no CONNECT within " + PATIENCE_SECONDS + " s");
        }
    }

    private void close(int code, String reason) {
        if (channel != null && channel.isOpen()) {
            LOG.debug("{}: {}", remote, reason);
            channel.close(true, code, Unpooled.copiedBuffer(reason, StandardCharsets.US_ASCII))
                    .addListener(done -> {});
        }
    }

    private void settled(boolean ok) {
        if (understands == null) {
            understands = ok;
            Consumer<Boolean> told = waiting;
            waiting = null;
            if (told != null) {
                told.accept(ok);
            }
        }
    }

    /** Before the handshake: half an opening counts as well. */
    @Override
    public void handlerAdded(ChannelHandlerContext ctx) {
        QuicChannel own = (QuicChannel) ctx.channel();
        channel = own;
        if (own.remoteSocketAddress() != null) {
            remote = own.remoteSocketAddress();
        }
        deadline = listener.loop().schedule(this::onDeadline, PATIENCE_SECONDS, TimeUnit.SECONDS);
        InetAddress from = Peers.address(remote);
        RelayConnection oldest =
                listener.strangers().enter(this, from, listener.rate().factor(from, System.nanoTime()));
        if (oldest != null) {
            oldest.close(H3_EXCESSIVE_LOAD, "too many connections without a certificate");
        }
    }

    /** The handshake is done. */
    @Override
    public void channelActive(ChannelHandlerContext ctx) {
        List<X509Certificate> chain = PeerChain.of(((QuicChannel) ctx.channel()).sslEngine());
        if (!chain.isEmpty() && listener.authority().decide(chain, remote).code() == Code.NO_ERROR) {
            known();
        }
        ctx.fireChannelActive();
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
        listener.strangers().leave(this);
        if (deadline != null) {
            deadline.cancel(false);
        }
        ctx.fireChannelInactive();
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
        LOG.warn("{}: QUIC connection failed: {}", remote, cause.toString());
        Writes.close(ctx.channel());
    }
}
