// SPDX-License-Identifier: MIT
package io.goinfer.proxy.http;

import io.goinfer.proxy.config.Service;
import io.goinfer.tunnel.tcp.TcpUpgrade;
import io.netty.channel.Channel;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.group.ChannelGroup;
import io.netty.handler.codec.http.HttpDecoderConfig;
import io.netty.handler.ssl.SslHandler;
import java.util.Set;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Every pipeline towards clients, each in one method, handlers in the order in which bytes meet them. */
final class EdgePipeline {
    private static final int MAX_LINE = 8 << 10;
    private static final int MAX_HEAD = 32 << 10;
    private static final int MAX_CHUNK = 16 << 10;

    private EdgePipeline() {}

    /** {@code (tls) · http1 · (upgrade) · counted · slow-body · edge}; a node's upgrade leaves {@code tls · tunnel-wire}. */
    static ChannelInitializer<Channel> h1(
            EdgeRules rules,
            Set<Service> services,
            @Nullable Supplier<SslHandler> tls,
            TcpUpgrade.@Nullable Options upgrade,
            ChannelGroup clients) {
        return new ChannelInitializer<>() {
            @Override
            protected void initChannel(Channel ch) {
                clients.add(ch);
                if (tls != null) {
                    ch.pipeline().addLast("tls", tls.get());
                }
                EdgeCodec codec = new EdgeCodec(
                        new HttpDecoderConfig()
                                .setMaxInitialLineLength(MAX_LINE)
                                .setMaxHeaderSize(MAX_HEAD)
                                .setMaxChunkSize(MAX_CHUNK),
                        rules.pipelined());
                ch.pipeline().addLast(TcpUpgrade.CODEC, codec);
                if (upgrade != null) {
                    ch.pipeline().addLast("upgrade", new TcpUpgrade(upgrade));
                }
                ch.pipeline().addLast("counted", new CountedConnection(rules.connections()));
                ch.pipeline().addLast("slow-body", new SlowBody());
                ch.pipeline().addLast("edge", new EdgeHandler(rules, services, codec));
            }
        };
    }
}
