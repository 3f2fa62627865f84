// SPDX-License-Identifier: MIT
package io.goinfer.proxy.net;

import io.netty.bootstrap.Bootstrap;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.epoll.EpollDomainDatagramChannel;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.unix.DomainSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Tells systemd how far this process is: sd_notify(3), one datagram to the socket that {@code NOTIFY_SOCKET} names. */
public final class ServiceNotice {
    private static final Logger LOG = LoggerFactory.getLogger(ServiceNotice.class);
    private static final long PATIENCE_SECONDS = 2;

    /** It serves. */
    public static final String READY = "READY=1";

    /** It drains. */
    public static final String STOPPING = "STOPPING=1";

    private ServiceNotice() {}

    /** To the socket of the environment, if there is one. Blocking, shortly; what goes wrong is a line in the log. */
    public static void send(String state) {
        String socket = System.getenv("NOTIFY_SOCKET");
        if (socket != null && !socket.isEmpty()) {
            send(socket, state);
        }
    }

    /** @param socket a path, or {@code @name} for an abstract one */
    static void send(String socket, String state) {
        if (!Epoll.isAvailable()) {
            LOG.warn("NOTIFY_SOCKET is set, but there are no datagrams to Unix sockets here");
            return;
        }
        MultiThreadIoEventLoopGroup group = new MultiThreadIoEventLoopGroup(1, EpollIoHandler.newFactory());
        try {
            DomainSocketAddress to =
                    new DomainSocketAddress(socket.startsWith("@") ? "\0" + socket.substring(1) : socket);
            ChannelFuture connected = new Bootstrap()
                    .group(group)
                    .channel(EpollDomainDatagramChannel.class)
                    .handler(new ChannelInitializer<>() {
                        @Override
                        protected void initChannel(Channel ch) {}
                    })
                    .connect(to)
                    .awaitUninterruptibly();
            if (!connected.isSuccess()) {
                LOG.warn("NOTIFY_SOCKET {}: {}", socket, connected.cause().getMessage());
                return;
            }
            boolean sent = connected
                    .channel()
                    .writeAndFlush(Unpooled.copiedBuffer(state, StandardCharsets.UTF_8))
                    .awaitUninterruptibly(PATIENCE_SECONDS, TimeUnit.SECONDS);
            LOG.debug("{} told to {}: {}", state, socket, sent);
        } finally {
            group.shutdownGracefully(0, 1, TimeUnit.SECONDS).addListener(done -> {});
        }
    }
}
