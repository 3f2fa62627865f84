// SPDX-License-Identifier: MIT
package io.goinfer.tunnel.tcp;

import io.goinfer.tunnel.wire.WireStats;
import io.netty.bootstrap.Bootstrap;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.netty.channel.IoEventLoop;
import io.netty.channel.WriteBufferWaterMark;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.channel.epoll.EpollTcpInfo;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.channel.unix.IntegerUnixChannelOption;
import java.time.Duration;
import java.util.concurrent.TimeUnit;

/** The TCP sockets under a tunnel: little waits in them, their segments fit any path. */
final class TcpSockets {
    /** IPPROTO_TCP, TCP_MAXSEG: what one side tells the other in its SYN and keeps to itself. 1,280 bytes less IPv6 and TCP headers. */
    private static final IntegerUnixChannelOption MAX_SEGMENT = new IntegerUnixChannelOption("TCP_MAXSEG", 6, 2);

    private static final int SEGMENT_BYTES = 1_220;
    private static final int UNSENT_BYTES = 32 << 10;
    private static final WriteBufferWaterMark WATER_MARK = new WriteBufferWaterMark(16 << 10, 32 << 10);

    private TcpSockets() {}

    /** The node's side. */
    static Bootstrap bootstrap(EventLoop loop, Duration timeout) {
        boolean epoll = loop instanceof IoEventLoop io && Epoll.isAvailable() && io.isIoType(EpollIoHandler.class);
        Bootstrap bootstrap = new Bootstrap()
                .group(loop)
                .option(ChannelOption.TCP_NODELAY, true)
                .option(ChannelOption.CONNECT_TIMEOUT_MILLIS, (int) timeout.toMillis());
        return epoll
                ? bootstrap.channel(EpollSocketChannel.class).option(MAX_SEGMENT, SEGMENT_BYTES)
                : bootstrap.channel(NioSocketChannel.class);
    }

    /** The relay's side: of all connections to its port, because enrolment comes with a socket of its own. */
    static void smallSegments(ServerBootstrap listener) {
        if (Epoll.isAvailable()) {
            listener.option(MAX_SEGMENT, SEGMENT_BYTES);
        }
    }

    /** What is in the socket cannot be overtaken any more: little of ours goes there. */
    static void shortQueue(Channel channel) {
        channel.config().setWriteBufferWaterMark(WATER_MARK);
        if (channel instanceof EpollSocketChannel epoll) {
            epoll.config().setTcpNotSentLowAt(UNSENT_BYTES);
        }
    }

    /** Zeros where the system does not say. */
    static WireStats stats(Channel channel) {
        if (!(channel instanceof EpollSocketChannel epoll) || !channel.isOpen()) {
            return WireStats.NONE;
        }
        EpollTcpInfo info = epoll.tcpInfo();
        return new WireStats(
                Duration.ofNanos(TimeUnit.MICROSECONDS.toNanos(info.rtt())),
                info.sndCwnd() * info.sndMss(),
                0,
                info.totalRetrans(),
                0,
                0);
    }
}
