// SPDX-License-Identifier: MIT
package io.goinfer.tunnel.quic;

import io.goinfer.tunnel.frame.Code;
import io.goinfer.tunnel.frame.Frame;
import io.goinfer.tunnel.frame.Id;
import io.goinfer.tunnel.session.NodeAuthority;
import io.goinfer.tunnel.session.NodeGreeting;
import io.goinfer.tunnel.session.SessionTerms;
import io.goinfer.tunnel.session.TransportContract.Recorder;
import io.goinfer.tunnel.testing.TestCertificates;
import io.goinfer.tunnel.wire.Dial;
import io.netty.channel.EventLoop;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.nio.NioIoHandler;
import io.netty.handler.codec.quic.QuicSslContext;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ForkJoinPool;
import java.util.concurrent.TimeUnit;

/** A relay's listener and a node's dial on loopback, each with its own loop. */
final class QuicRig implements AutoCloseable {
    static final byte[] BOOT_KEY = new byte[BootKey.BYTES];

    final TestCertificates relayIdentity = TestCertificates.create("relay");
    final TestCertificates nodeIdentity = TestCertificates.create("node");
    final EventLoopGroup group = new MultiThreadIoEventLoopGroup(
            3, Epoll.isAvailable() ? EpollIoHandler.newFactory() : NioIoHandler.newFactory());
    final EventLoop relayLoop = group.next();
    final EventLoop nodeLoop = group.next();
    final List<Integer> chainLengths = new CopyOnWriteArrayList<>();
    volatile Code verdict = Code.NO_ERROR;
    QuicListener listener;
    private BootKey bootKey;

    /** As a process that was just started. */
    QuicRig listen(int port, Recorder relaySide) {
        bootKey = new BootKey(BOOT_KEY);
        listener = listener(port, relaySide);
        return this;
    }

    /** One more of the same process. */
    QuicListener listener(int port, Recorder relaySide) {
        QuicListener one = new QuicListener(
                new QuicListener.Options(
                        new InetSocketAddress("127.0.0.1", port),
                        QuicTls.relay(
                                relayIdentity.key().getPrivate(),
                                relayIdentity.chain(),
                                new TestCertificates.TrustAnybody()),
                        bootKey,
                        (chain, remote) -> decide(chain, remote, relaySide),
                        1_024,
                        "relay/test"),
                relayLoop);
        one.bind().syncUninterruptibly();
        return one;
    }

    BootKey bootKey() {
        return bootKey;
    }

    private NodeAuthority.Decision decide(List<X509Certificate> chain, SocketAddress remote, Recorder relaySide) {
        chainLengths.add(chain.size());
        Code code = chain.isEmpty() ? Code.NO_CERTIFICATE : verdict;
        return new NodeAuthority.Decision(code, relaySide.host());
    }

    QuicSslContext nodeTls() {
        return QuicTls.node(nodeIdentity.key().getPrivate(), nodeIdentity.chain(), new TestCertificates.TrustAnybody());
    }

    CompletableFuture<Dial.Connection> dial(QuicSslContext tls) {
        CompletableFuture<Dial.Connection> result = new CompletableFuture<>();
        QuicDialer.dial(
                new QuicDialer.Target(
                        listener.address(), "localhost", listener.address().getPort(), tls, 1_024, false),
                nodeLoop,
                ForkJoinPool.commonPool(),
                Duration.ofSeconds(5),
                new Dial.Outcome() {
                    @Override
                    public void answered() {}

                    @Override
                    public void connected(Dial.Connection connection) {
                        result.complete(connection);
                    }

                    @Override
                    public void failed(int httpStatus, String reason) {
                        result.completeExceptionally(new IllegalStateException(httpStatus + " " + reason));
                    }
                });
        return result;
    }

    private long number;

    Frame.Hello hello(int maxStreams) {
        return new Frame.Hello(
                1, 1, 0, new Id(7, 7), 1, 0, ++number, maxStreams, SessionTerms.DEFAULT_FLOOR, "n", "node/test");
    }

    /** Dials and greets; the recorder has its session then. Completes with HELLO_OK. */
    Frame.HelloOk connect(Recorder nodeSide, int maxStreams, Runnable onBootNotice) throws Exception {
        CompletableFuture<Frame.HelloOk> greeted = new CompletableFuture<>();
        Dial.Connection connection = dial(nodeTls()).get(10, TimeUnit.SECONDS);
        Frame.HelloOk[] ok = new Frame.HelloOk[1];
        nodeLoop.execute(() -> NodeGreeting.greet(
                connection.wire(),
                hello(maxStreams),
                nodeSide.accepted(nodeLoop, accepted -> ok[0] = accepted),
                session -> {
                    nodeSide.session = session;
                    connection.onBootNotice(ok[0].bootToken(), onBootNotice);
                    greeted.complete(ok[0]);
                },
                (code, retry, reason) ->
                        greeted.completeExceptionally(new IllegalStateException(code + " " + reason))));
        return greeted.get(10, TimeUnit.SECONDS);
    }

    @Override
    public void close() {
        if (listener != null) {
            listener.close();
        }
        group.shutdownGracefully(0, 5, TimeUnit.SECONDS).syncUninterruptibly();
    }
}
