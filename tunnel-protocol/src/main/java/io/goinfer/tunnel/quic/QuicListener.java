// SPDX-License-Identifier: MIT
package io.goinfer.tunnel.quic;

import io.goinfer.tunnel.session.NodeAuthority;
import io.goinfer.tunnel.session.SessionTerms;
import io.goinfer.tunnel.wire.Writes;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.EventLoop;
import io.netty.handler.codec.quic.QuicServerCodecBuilder;
import io.netty.handler.codec.quic.QuicSslContext;
import java.net.InetSocketAddress;
import org.jspecify.annotations.Nullable;

/**
 * The relay's UDP port: HTTP/3 with the tunnel in it. One datagram channel on one event loop.
 */
public final class QuicListener {
    /** A node opens one, the CONNECT. */
    private static final int MAX_CLIENT_STREAMS = 2;

    /**
     * @param tls server context with ALPN {@code h3} that asks for client certificates without failing the handshake; see {@link QuicTls}
     * @param bootKey of this process, shared by its listeners
     * @param maxStreams exchanges at once on one session, at most {@link SessionTerms#MAX_MAX_STREAMS}
     */
    public record Options(
            InetSocketAddress address,
            QuicSslContext tls,
            BootKey bootKey,
            NodeAuthority authority,
            int maxStreams,
            String software) {}

    private final Options options;
    private final EventLoop loop;
    private final Strangers<RelayConnection> strangers = new Strangers<>();
    private final HandshakeRate rate = new HandshakeRate();
    private @Nullable Channel channel;

    public QuicListener(Options options, EventLoop loop) {
        this.options = options;
        this.loop = loop;
    }

    /** Binds; the future fails with the cause. */
    public ChannelFuture bind() {
        ConnectionIds ids = new ConnectionIds(options.bootKey().bootId(), 0);
        var codec = H3.parameters(new QuicServerCodecBuilder(), false)
                .sslContext(options.tls())
                .localConnectionIdLength(ConnectionIds.BYTES)
                .connectionIdAddressGenerator(ids)
                .tokenHandler(new QuicTokens(ids, rate))
                .initialMaxStreamsBidirectional(MAX_CLIENT_STREAMS)
                .initialMaxStreamDataBidirectionalLocal(H3.STREAM_WINDOW)
                .initialMaxStreamDataBidirectionalRemote(64 << 10)
                .handler(RelayConnection.pipeline(this))
                .build();
        ChannelFuture bound = Datagrams.bootstrap(loop, new BootNotice.Teller(ids, options.bootKey()), codec)
                .bind(options.address());
        channel = bound.channel();
        return bound;
    }

    /** Closes the port and every connection on it. */
    public void close() {
        if (channel != null) {
            Writes.close(channel);
        }
    }

    /** The address it listens on; the port is real even if 0 was asked for. */
    public InetSocketAddress address() {
        Channel bound = channel;
        return bound == null ? options.address() : (InetSocketAddress) bound.localAddress();
    }

    EventLoop loop() {
        return loop;
    }

    NodeAuthority authority() {
        return options.authority();
    }

    BootKey bootKey() {
        return options.bootKey();
    }

    int maxStreams() {
        return options.maxStreams();
    }

    String software() {
        return options.software();
    }

    HandshakeRate rate() {
        return rate;
    }

    Strangers<RelayConnection> strangers() {
        return strangers;
    }
}
