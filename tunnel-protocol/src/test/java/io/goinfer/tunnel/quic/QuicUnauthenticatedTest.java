// SPDX-License-Identifier: MIT
package io.goinfer.tunnel.quic;

import static io.goinfer.tunnel.testing.Eventually.eventually;
import static org.assertj.core.api.Assertions.assertThat;

import io.goinfer.tunnel.frame.Code;
import io.goinfer.tunnel.session.TransportContract.Recorder;
import io.goinfer.tunnel.testing.TestCertificates;
import io.netty.bootstrap.Bootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioDatagramChannel;
import io.netty.handler.codec.http3.DefaultHttp3Headers;
import io.netty.handler.codec.http3.DefaultHttp3HeadersFrame;
import io.netty.handler.codec.http3.Http3;
import io.netty.handler.codec.http3.Http3ClientConnectionHandler;
import io.netty.handler.codec.http3.Http3Headers;
import io.netty.handler.codec.quic.QuicChannel;
import io.netty.handler.codec.quic.QuicClientCodecBuilder;
import io.netty.handler.codec.quic.QuicConnectionCloseEvent;
import io.netty.handler.codec.quic.QuicSslContext;
import io.netty.handler.codec.quic.QuicSslContextBuilder;
import io.netty.handler.codec.quic.QuicStreamType;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Connections without a CONNECT that was accepted: how long they may stay, and whom they keep out. */
class QuicUnauthenticatedTest {
    private final Recorder relaySide = new Recorder();
    private final Recorder nodeSide = new Recorder();
    private final MultiThreadIoEventLoopGroup group = new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
    private final List<QuicChannel> strangers = new ArrayList<>();
    private QuicRig rig;
    private Channel udp;

    @BeforeEach
    void start() {
        rig = new QuicRig().listen(0, relaySide);
    }

    @AfterEach
    void stop() {
        rig.close();
        group.shutdownGracefully(0, 5, TimeUnit.SECONDS).syncUninterruptibly();
    }

    /** A client of its own kind, for what a node never does. */
    private QuicChannel stranger(QuicSslContext tls) throws Exception {
        return stranger(tls, new Quiet());
    }

    private QuicChannel stranger(QuicSslContext tls, ChannelHandler handler) throws Exception {
        if (udp == null) {
            udp = new Bootstrap()
                    .group(group)
                    .channel(NioDatagramChannel.class)
                    .handler(new QuicClientCodecBuilder()
                            .sslEngineProvider(channel -> tls.newEngine(channel.alloc()))
                            .maxIdleTimeout(60, TimeUnit.SECONDS)
                            .initialMaxData(1 << 20)
                            .initialMaxStreamDataBidirectionalLocal(1 << 16)
                            .initialMaxStreamsUnidirectional(10)
                            .initialMaxStreamDataUnidirectional(1 << 16)
                            .build())
                    .bind("127.0.0.1", 0)
                    .sync()
                    .channel();
        }
        QuicChannel one = QuicChannel.newBootstrap(udp)
                .handler(handler)
                .streamHandler(new Quiet())
                .remoteAddress(rig.listener.address())
                .connect()
                .get(10, TimeUnit.SECONDS);
        strangers.add(one);
        return one;
    }

    @ChannelHandler.Sharable
    private static final class Quiet extends ChannelInboundHandlerAdapter {
        @Override
        public void channelRead(ChannelHandlerContext ctx, Object msg) {
            io.netty.util.ReferenceCountUtil.release(msg);
        }
    }

    private static QuicSslContext nobody() {
        return QuicSslContextBuilder.forClient()
                .trustManager(new TestCertificates.TrustAnybody())
                .applicationProtocols("h3")
                .build();
    }

    private void aNodeComesIn() throws Exception {
        rig.verdict = Code.NO_ERROR;
        rig.connect(nodeSide, 16, () -> {});
        eventually("it serves", () -> relaySide.session != null && relaySide.session.accepts());
    }

    @Test
    void strangersThatTakeEveryPlaceKeepNoNodeOut() throws Exception {
        QuicSslContext tls = nobody();
        for (int i = 0; i < Strangers.MAX; i++) {
            stranger(tls);
        }

        aNodeComesIn();
    }

    private int counted() {
        try {
            return rig.relayLoop.submit(() -> rig.listener.strangers().count()).get(10, TimeUnit.SECONDS);
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
    }

    @Test
    void aGoodCertificateTakesNoStrangersPlaceAndNoneTakesOneOfItsAddress() throws Exception {
        QuicChannel known = stranger(rig.nodeTls());
        eventually("its certificate was seen", () -> counted() == 0);
        udp = null;
        for (int i = 0; i < 2 * Strangers.MAX_PER_ADDRESS; i++) {
            stranger(nobody());
        }

        // This machine has ten times the share of an address.
        assertThat(counted()).isEqualTo(2 * Strangers.MAX_PER_ADDRESS);
        assertThat(strangers).allMatch(QuicChannel::isActive);
        assertThat(known.isActive()).isTrue();
    }

    @Test
    void whoAsksForNoTunnelIsGoneAfterFiveSecondsWhateverItsCertificate() throws Exception {
        QuicChannel silent = stranger(nobody());
        aNodeComesIn();
        Channel first = udp;
        udp = null;
        QuicChannel known = stranger(rig.nodeTls());

        eventually("both are closed", () -> !silent.isActive() && !known.isActive());
        assertThat(relaySide.session.accepts()).as("the node stays").isTrue();
        first.close();
    }

    @Test
    void aStrangerOpensTwoStreams() throws Exception {
        QuicChannel one = stranger(nobody());

        eventually("it was told how many", () -> one.peerAllowedStreams(QuicStreamType.BIDIRECTIONAL) > 0);
        assertThat(one.peerAllowedStreams(QuicStreamType.BIDIRECTIONAL)).isEqualTo(2);
        assertThat(one.peerAllowedStreams(QuicStreamType.UNIDIRECTIONAL)).isEqualTo(4);
    }

    @Test
    void aConnectionEndsWithItsRefusal() throws Exception {
        QuicChannel one = stranger(nobody(), new Http3ClientConnectionHandler());
        CompletableFuture<String> closed = new CompletableFuture<>();
        one.pipeline().addLast(new ChannelInboundHandlerAdapter() {
            @Override
            public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
                if (event instanceof QuicConnectionCloseEvent close) {
                    closed.complete(QuicWire.reason(close));
                }
            }
        });
        Http3Headers get = new DefaultHttp3Headers()
                .method("GET")
                .scheme("https")
                .authority("x")
                .path("/");
        var stream = Http3.newRequestStream(one, new Quiet()).get(10, TimeUnit.SECONDS);
        stream.writeAndFlush(new DefaultHttp3HeadersFrame(get)).sync();

        assertThat(closed.get(10, TimeUnit.SECONDS)).isEqualTo("refused");
        aNodeComesIn();
    }
}
