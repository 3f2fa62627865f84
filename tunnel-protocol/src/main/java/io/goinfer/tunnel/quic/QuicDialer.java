// SPDX-License-Identifier: MIT
package io.goinfer.tunnel.quic;

import io.goinfer.tunnel.wire.Dial;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.netty.handler.codec.quic.QuicChannel;
import io.netty.handler.codec.quic.QuicClientCodecBuilder;
import io.netty.handler.codec.quic.QuicSslContext;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;

/** The node's side of one QUIC connection attempt. One datagram channel each, so that an attempt shares nothing with another. */
public final class QuicDialer {
    /**
     * @param address where to
     * @param serverName host name for SNI and certificate verification
     * @param maxStreams what HELLO will offer
     * @param shortPath the round trip is shorter than the pauses of the machines at its ends, and nothing is lost
     */
    public record Target(
            InetSocketAddress address,
            String serverName,
            int port,
            QuicSslContext tls,
            int maxStreams,
            boolean shortPath) {}

    private QuicDialer() {}

    /**
     * Dials. The returned handle cancels the attempt; after {@link Dial.Outcome#connected} it does nothing.
     *
     * @param blocking for what takes milliseconds: a new codec makes quiche read the system's roots, whoever is trusted
     */
    public static Runnable dial(
            Target target, EventLoop loop, Executor blocking, Duration timeout, Dial.Outcome outcome) {
        NodeDial attempt = new NodeDial(target, timeout, outcome);
        CompletableFuture<?> unused = CompletableFuture.supplyAsync(() -> codec(target), blocking)
                .whenCompleteAsync(
                        (codec, failure) -> {
                            if (codec == null) {
                                attempt.fail(0, "QUIC: " + Dial.text(failure));
                            } else {
                                start(target, codec, loop, timeout, attempt);
                            }
                        },
                        loop);
        return () -> loop.execute(() -> attempt.fail(0, "given up"));
    }

    private static ChannelHandler codec(Target target) {
        return H3.parameters(new QuicClientCodecBuilder(), target.shortPath())
                .sslEngineProvider(
                        channel -> target.tls().newEngine(channel.alloc(), target.serverName(), target.port()))
                .initialMaxStreamsBidirectional(target.maxStreams() + 16L)
                .initialMaxStreamDataBidirectionalLocal(64 << 10)
                .initialMaxStreamDataBidirectionalRemote(H3.STREAM_WINDOW)
                .build();
    }

    private static void start(Target target, ChannelHandler codec, EventLoop loop, Duration timeout, NodeDial attempt) {
        BootNotice.Listener notices = new BootNotice.Listener();
        InetSocketAddress any = new InetSocketAddress(0);
        Datagrams.bootstrap(loop, notices, codec).bind(any).addListener(bound -> {
            if (!bound.isSuccess()) {
                attempt.fail(0, "no UDP socket: " + bound.cause().getMessage());
                return;
            }
            Channel datagrams = ((io.netty.channel.ChannelFuture) bound).channel();
            attempt.over(datagrams, notices);
            QuicChannel.newBootstrap(datagrams)
                    .option(ChannelOption.CONNECT_TIMEOUT_MILLIS, (int) timeout.toMillis())
                    .handler(attempt.pipeline())
                    .remoteAddress(target.address())
                    .connect()
                    .addListener(connected -> {
                        if (!connected.isSuccess()) {
                            attempt.fail(0, "QUIC: " + Dial.text(connected.cause()));
                        }
                    });
        });
    }
}
