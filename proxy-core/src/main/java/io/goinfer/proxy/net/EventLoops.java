// SPDX-License-Identifier: MIT
package io.goinfer.proxy.net;

import io.netty.bootstrap.Bootstrap;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.WriteBufferWaterMark;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.util.concurrent.DefaultThreadFactory;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;

/** The event loops, the transport under them, and the one executor that may block. The only place that knows epoll from NIO. */
public final class EventLoops implements AutoCloseable {
    /** A stream's queue towards a slow reader stays small, so that cancel and back-pressure act quickly. */
    private static final WriteBufferWaterMark WATER_MARK = new WriteBufferWaterMark(32 << 10, 64 << 10);

    private static final int CONNECT_TIMEOUT_MILLIS = 5_000;
    private static final int MAX_BLOCKING_THREADS = 8;

    private final EventLoopGroup group;
    private final ExecutorService blocking;

    public EventLoops(String name) {
        // Half: the kernel and the other end of a small machine need the rest, and a hop between loops costs more than
        // it gives.
        this(name, Math.max(1, Runtime.getRuntime().availableProcessors() / 2));
    }

    public EventLoops(String name, int loops) {
        this.group = new MultiThreadIoEventLoopGroup(
                loops,
                new DefaultThreadFactory(name, true),
                Epoll.isAvailable() ? EpollIoHandler.newFactory() : NioIoHandler.newFactory());
        this.blocking =
                Executors.newFixedThreadPool(MAX_BLOCKING_THREADS, new DefaultThreadFactory(name + "-blocking", true));
    }

    public EventLoop next() {
        return group.next();
    }

    /** Files, DNS, key generation. Never an event loop. */
    public ExecutorService blocking() {
        return blocking;
    }

    public ServerBootstrap server() {
        return new ServerBootstrap()
                .group(group)
                .channel(Epoll.isAvailable() ? EpollServerSocketChannel.class : NioServerSocketChannel.class)
                .option(ChannelOption.SO_BACKLOG, 4096)
                .option(ChannelOption.SO_REUSEADDR, true)
                .childOption(ChannelOption.TCP_NODELAY, true)
                .childOption(ChannelOption.WRITE_BUFFER_WATER_MARK, WATER_MARK);
    }

    /** A TCP client on a given loop, so that both ends of an exchange share it. */
    public static Bootstrap client(EventLoop loop) {
        return new Bootstrap()
                .group(loop)
                .channel(Epoll.isAvailable() ? EpollSocketChannel.class : NioSocketChannel.class)
                .option(ChannelOption.TCP_NODELAY, true)
                .option(ChannelOption.CONNECT_TIMEOUT_MILLIS, CONNECT_TIMEOUT_MILLIS)
                .option(ChannelOption.WRITE_BUFFER_WATER_MARK, WATER_MARK);
    }

    /** Waits for what runs, shortly. */
    @Override
    public void close() {
        blocking.shutdown();
        group.shutdownGracefully(0, 2, TimeUnit.SECONDS).awaitUninterruptibly(3, TimeUnit.SECONDS);
    }
}
