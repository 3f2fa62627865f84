// SPDX-License-Identifier: MIT
package io.goinfer.tunnel.tcp;

import io.goinfer.tunnel.frame.Code;
import io.goinfer.tunnel.frame.Frame;
import io.goinfer.tunnel.frame.Id;
import io.goinfer.tunnel.session.NodeAuthority;
import io.goinfer.tunnel.session.NodeGreeting;
import io.goinfer.tunnel.session.SessionTerms;
import io.goinfer.tunnel.session.TransportContract.Recorder;
import io.goinfer.tunnel.testing.TestCertificates;
import io.goinfer.tunnel.wire.Dial;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.EventLoop;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.handler.codec.http.HttpServerCodec;
import io.netty.handler.ssl.ClientAuth;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/** A relay's TLS port and a node's dial on loopback, each with its own loop. */
final class TcpRig implements AutoCloseable {
    final TestCertificates relayIdentity = TestCertificates.create("relay");
    final TestCertificates nodeIdentity = TestCertificates.create("node");
    final EventLoopGroup group;
    final EventLoop nodeLoop;
    private long number;
    private final boolean epoll;
    volatile Code verdict = Code.NO_ERROR;
    Channel listener;

    TcpRig(boolean epoll) {
        this.epoll = epoll;
        this.group =
                new MultiThreadIoEventLoopGroup(2, epoll ? EpollIoHandler.newFactory() : NioIoHandler.newFactory());
        this.nodeLoop = group.next();
    }

    static boolean epollThere() {
        return Epoll.isAvailable();
    }

    TcpRig listen(Recorder relaySide, String... protocols) throws Exception {
        SslContext tls = SslContextBuilder.forServer(
                        relayIdentity.key().getPrivate(), relayIdentity.chain().toArray(X509Certificate[]::new))
                .trustManager(new TestCertificates.TrustAnybody())
                .clientAuth(ClientAuth.OPTIONAL)
                .protocols(protocols)
                .build();
        TcpUpgrade.Options options =
                new TcpUpgrade.Options((chain, remote) -> decide(chain, remote, relaySide), 1_024, "relay/test");
        listener = new ServerBootstrap()
                .group(group)
                .channel(epoll ? EpollServerSocketChannel.class : NioServerSocketChannel.class)
                .childHandler(new ChannelInitializer<>() {
                    @Override
                    protected void initChannel(Channel ch) {
                        ch.pipeline()
                                .addLast("tls", tls.newHandler(ch.alloc()))
                                .addLast("http1", new HttpServerCodec())
                                .addLast("upgrade", new TcpUpgrade(options));
                    }
                })
                .bind(new InetSocketAddress("127.0.0.1", 0))
                .syncUninterruptibly()
                .channel();
        return this;
    }

    InetSocketAddress address() {
        return (InetSocketAddress) listener.localAddress();
    }

    private NodeAuthority.Decision decide(List<X509Certificate> chain, SocketAddress remote, Recorder relaySide) {
        Code code = chain.isEmpty() ? Code.NO_CERTIFICATE : verdict;
        return new NodeAuthority.Decision(code, relaySide.host());
    }

    CompletableFuture<Dial.Connection> dial() {
        CompletableFuture<Dial.Connection> result = new CompletableFuture<>();
        TcpTls tls =
                TcpTls.node(nodeIdentity.key().getPrivate(), nodeIdentity.chain(), new TestCertificates.TrustAnybody());
        TcpDialer.dial(
                new TcpDialer.Target(address(), "localhost", address().getPort(), tls),
                nodeLoop,
                Duration.ofSeconds(5),
                nodeLoop.newSucceededFuture(null),
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

    /** Dials and greets; the recorder has its session then. */
    void connect(Recorder nodeSide, int maxStreams) throws Exception {
        CompletableFuture<Frame.HelloOk> greeted = new CompletableFuture<>();
        Dial.Connection connection = dial().get(10, TimeUnit.SECONDS);
        Frame.HelloOk[] ok = new Frame.HelloOk[1];
        nodeLoop.execute(() -> NodeGreeting.greet(
                connection.wire(),
                new Frame.Hello(
                        1,
                        1,
                        0,
                        new Id(7, 7),
                        1,
                        0,
                        ++number,
                        maxStreams,
                        SessionTerms.DEFAULT_FLOOR,
                        "n",
                        "node/test"),
                nodeSide.accepted(nodeLoop, accepted -> ok[0] = accepted),
                session -> {
                    nodeSide.session = session;
                    greeted.complete(ok[0]);
                },
                (code, retry, reason) ->
                        greeted.completeExceptionally(new IllegalStateException(code + " " + reason))));
        greeted.get(10, TimeUnit.SECONDS);
    }

    @Override
    public void close() {
        if (listener != null) {
            listener.close();
        }
        group.shutdownGracefully(0, 5, TimeUnit.SECONDS).syncUninterruptibly();
    }
}
