// SPDX-License-Identifier: MIT
package io.goinfer.proxy.net;

import static io.goinfer.tunnel.testing.Eventually.eventually;
import static org.assertj.core.api.Assertions.assertThat;

import io.netty.bootstrap.Bootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.channel.epoll.EpollDomainDatagramChannel;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.unix.DomainDatagramPacket;
import io.netty.channel.unix.DomainSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

@EnabledOnOs(OS.LINUX)
class ServiceNoticeTest {
    @TempDir
    Path folder;

    @Test
    void theServiceManagerIsTold() {
        assertThat(heardAt(
                        folder.resolve("notify").toString(),
                        folder.resolve("notify").toString()))
                .containsExactly("READY=1");
    }

    @Test
    void alsoAtAnAbstractSocket() {
        String name = "goinfer-test-" + ProcessHandle.current().pid();
        assertThat(heardAt("\0" + name, "@" + name)).containsExactly("READY=1");
    }

    @Test
    void aSocketThatIsGoneStopsNobody() {
        ServiceNotice.send(folder.resolve("nobody").toString(), ServiceNotice.READY);
    }

    private static List<String> heardAt(String address, String named) {
        List<String> heard = new CopyOnWriteArrayList<>();
        EventLoopGroup group = new MultiThreadIoEventLoopGroup(1, EpollIoHandler.newFactory());
        Channel manager = new Bootstrap()
                .group(group)
                .channel(EpollDomainDatagramChannel.class)
                .handler(new SimpleChannelInboundHandler<DomainDatagramPacket>() {
                    @Override
                    protected void channelRead0(ChannelHandlerContext ctx, DomainDatagramPacket packet) {
                        heard.add(packet.content().toString(StandardCharsets.UTF_8));
                    }
                })
                .bind(new DomainSocketAddress(address))
                .syncUninterruptibly()
                .channel();
        try {
            ServiceNotice.send(named, ServiceNotice.READY);
            eventually("it is told", () -> !heard.isEmpty());
            return heard;
        } finally {
            manager.close().syncUninterruptibly();
            group.shutdownGracefully(0, 1, TimeUnit.SECONDS).syncUninterruptibly();
        }
    }
}
