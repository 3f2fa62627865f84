// SPDX-License-Identifier: MIT
package io.goinfer.bench.llama;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.SocketChannel;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.handler.codec.http.HttpDecoderConfig;
import io.netty.handler.codec.http.HttpRequestDecoder;
import java.net.InetSocketAddress;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;

/** The server: loopback only, one event loop. Thread-safe to start, read and close. */
public final class SimulatedLlama implements AutoCloseable {
    private final Simulation simulation;
    private final EventLoopGroup group;
    private final Channel channel;
    private final Slots slots;
    private final Steps steps;
    private final Counts counts = new Counts();
    private final long readyAt;

    /** What a test wants to know of the backend. */
    public static final class Counts {
        public final AtomicInteger requests = new AtomicInteger();
        public final AtomicInteger running = new AtomicInteger();
        public final AtomicInteger connections = new AtomicInteger();

        /** Connections that ended while their answer was not complete. */
        public final AtomicInteger abandoned = new AtomicInteger();

        /** {@code System.nanoTime()} of the last of those. */
        public final AtomicLong abandonedAt = new AtomicLong();

        private volatile String lastBody = "";

        /** JSON of the last completion. */
        public String lastBody() {
            return lastBody;
        }

        void lastBody(String body) {
            lastBody = body;
        }

        public final AtomicLong uploaded = new AtomicLong();
        public final AtomicLong tokens = new AtomicLong();
    }

    private SimulatedLlama(Simulation simulation, int port) {
        this.simulation = simulation;
        this.readyAt = System.nanoTime() + simulation.loadTime().toNanos();
        boolean epoll = Epoll.isAvailable();
        this.group =
                new MultiThreadIoEventLoopGroup(1, epoll ? EpollIoHandler.newFactory() : NioIoHandler.newFactory());
        EventLoop loop = group.next();
        this.slots = new Slots(simulation.slots());
        this.steps = new Steps(loop);
        this.channel = new ServerBootstrap()
                .group(group)
                .channel(epoll ? EpollServerSocketChannel.class : NioServerSocketChannel.class)
                .option(ChannelOption.SO_BACKLOG, 4096)
                .childOption(ChannelOption.TCP_NODELAY, true)
                .childHandler(new ChannelInitializer<SocketChannel>() {
                    @Override
                    protected void initChannel(SocketChannel child) {
                        child.pipeline()
                                .addLast(
                                        new HttpRequestDecoder(new HttpDecoderConfig()
                                                .setMaxInitialLineLength(32_768)
                                                .setMaxHeaderSize(32_768)),
                                        new LlamaConnection(SimulatedLlama.this, loop));
                    }
                })
                .bind(new InetSocketAddress("127.0.0.1", port))
                .syncUninterruptibly()
                .channel();
    }

    /** Starts on loopback; port 0 takes a free one. */
    public static SimulatedLlama start(Simulation simulation, int port) {
        return new SimulatedLlama(simulation, port);
    }

    public int port() {
        return ((InetSocketAddress) channel.localAddress()).getPort();
    }

    public String url() {
        return "http://127.0.0.1:" + port();
    }

    public Counts counts() {
        return counts;
    }

    Simulation simulation() {
        return simulation;
    }

    Slots slots() {
        return slots;
    }

    Steps steps() {
        return steps;
    }

    boolean loading() {
        return System.nanoTime() < readyAt;
    }

    /** Closes every connection at once, as a killed process does. */
    @Override
    public void close() {
        group.shutdownGracefully(0, 5, TimeUnit.SECONDS).syncUninterruptibly();
    }

    public void awaitClose() throws InterruptedException {
        channel.closeFuture().sync();
    }
}
