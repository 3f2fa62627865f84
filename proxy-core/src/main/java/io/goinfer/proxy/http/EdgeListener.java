// SPDX-License-Identifier: MIT
package io.goinfer.proxy.http;

import io.goinfer.proxy.config.Listen;
import io.goinfer.proxy.net.EventLoops;
import io.goinfer.tunnel.tcp.TcpUpgrade;
import io.goinfer.tunnel.wire.Writes;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.group.ChannelGroup;
import io.netty.channel.group.DefaultChannelGroup;
import io.netty.handler.ssl.SslHandler;
import io.netty.util.concurrent.GlobalEventExecutor;
import java.net.InetSocketAddress;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Binds one TCP address. */
public final class EdgeListener {
    private final Listen listen;
    private final Channel channel;

    private final ChannelGroup clients;

    private EdgeListener(Listen listen, Channel channel, ChannelGroup clients) {
        this.listen = listen;
        this.channel = channel;
        this.clients = clients;
    }

    /** Blocking. @param upgrade lets nodes in, or null. @throws java.io.IOException with a text for a person */
    public static EdgeListener bind(
            Listen listen,
            EdgeRules rules,
            EventLoops loops,
            @Nullable Supplier<SslHandler> tls,
            TcpUpgrade.@Nullable Options upgrade)
            throws java.io.IOException {
        ChannelGroup clients = new DefaultChannelGroup(GlobalEventExecutor.INSTANCE);
        ServerBootstrap server =
                loops.server().childHandler(EdgePipeline.h1(rules, listen.services(), tls, upgrade, clients));
        if (upgrade != null) {
            TcpUpgrade.smallSegments(server);
        }
        ChannelFuture bound = server.bind(listen.socketAddress()).awaitUninterruptibly();
        if (!bound.isSuccess()) {
            throw new java.io.IOException(listen + ": " + bound.cause().getMessage(), bound.cause());
        }
        return new EdgeListener(listen, bound.channel(), clients);
    }

    public Listen listen() {
        return listen;
    }

    public InetSocketAddress address() {
        return (InetSocketAddress) channel.localAddress();
    }

    /** Connections between two requests end, so that no client sends one more into a closing connection; others end with their answer. */
    public void drain() {
        for (Channel client : clients) {
            client.eventLoop().execute(() -> client.pipeline().fireUserEventTriggered(EdgeHandler.DRAINING));
        }
    }

    /** Accepts nothing more; open connections go on. */
    public void close() {
        Writes.close(channel);
    }
}
