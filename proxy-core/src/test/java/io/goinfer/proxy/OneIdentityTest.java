// SPDX-License-Identifier: MIT
package io.goinfer.proxy;

import static io.goinfer.tunnel.testing.Eventually.eventually;
import static org.assertj.core.api.Assertions.assertThat;

import io.goinfer.certs.Identity;
import io.goinfer.certs.RelayTrust;
import io.goinfer.tunnel.frame.Code;
import io.goinfer.tunnel.frame.Frame;
import io.goinfer.tunnel.frame.Id;
import io.goinfer.tunnel.tcp.TcpDialer;
import io.goinfer.tunnel.tcp.TcpTls;
import io.goinfer.tunnel.wire.Dial;
import io.goinfer.tunnel.wire.Wire;
import io.goinfer.tunnel.wire.WireStream;
import io.netty.buffer.Unpooled;
import io.netty.channel.EventLoop;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What another process that has a node's key and certificate can do to that node: PROTOCOL.md §8. */
class OneIdentityTest extends RigTests {
    private static final long HIGHEST = -1;

    private final MultiThreadIoEventLoopGroup group = new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
    private final EventLoop loop = group.next();
    private Node node;
    private Identity identity;

    @BeforeEach
    void connect() throws Exception {
        node = rig.connect("gpu", llama);
        try (var files = Files.walk(folder.resolve("node-gpu"))) {
            Path file = files.filter(path -> path.endsWith("identity.pem"))
                    .findFirst()
                    .orElseThrow();
            identity = Identity.load(file.getParent()).orElseThrow();
        }
    }

    @AfterEach
    void stopLoop() {
        group.shutdownGracefully(0, 5, TimeUnit.SECONDS).syncUninterruptibly();
    }

    /** A connection of another process, which says what the test says. */
    private final class Stranger implements Dial.Outcome, Wire.Events {
        final CompletableFuture<Wire> wire = new CompletableFuture<>();
        final List<String> log = new java.util.concurrent.CopyOnWriteArrayList<>();

        Stranger() throws Exception {
            TcpTls tls = TcpTls.node(identity.key(), identity.chain(), RelayTrust.of(identity.ca()));
            int port = rig.tunnelPort();
            TcpDialer.dial(
                    new TcpDialer.Target(new InetSocketAddress("127.0.0.1", port), "127.0.0.1", port, tls),
                    loop,
                    Duration.ofSeconds(5),
                    loop.newSucceededFuture(null),
                    this);
            wire.get(10, TimeUnit.SECONDS);
        }

        void say(Frame.Control... frames) throws Exception {
            loop.submit(() -> List.of(frames).forEach(wire.join()::sendControl)).get();
        }

        void sayAndClose(Frame.Control... frames) throws Exception {
            loop.submit(() -> {
                        List.of(frames).forEach(wire.join()::sendControl);
                        wire.join().close(Code.TIMEOUT, "no HELLO_OK");
                    })
                    .get();
        }

        @Override
        public void connected(Dial.Connection connection) {
            connection.wire().events(this);
            wire.complete(connection.wire());
        }

        @Override
        public void failed(int httpStatus, String reason) {
            wire.completeExceptionally(new IllegalStateException(httpStatus + " " + reason));
        }

        @Override
        public void answered() {}

        @Override
        public void onControl(Frame.Control frame) {
            Frame.release(frame);
            log.add(frame.type().name());
            if (frame instanceof Frame.Ping ping) {
                wire.join().sendControl(new Frame.Pong(ping.sequence(), false));
            }
        }

        @Override
        public WireStream.Events onStream(WireStream stream) {
            throw new IllegalStateException("no streams here");
        }

        @Override
        public void onClosed(Code code, String reason) {
            log.add("closed " + code);
        }
    }

    private static Frame.Hello hello(Id instance, long epoch, long number) {
        return new Frame.Hello(1, 1, 0, instance, epoch, 0, number, 64, 4096, "gpu", "x");
    }

    private static Frame.Models models(String json) {
        return new Frame.Models(Unpooled.copiedBuffer(json, StandardCharsets.UTF_8));
    }

    @Test
    void aSessionThatClosesWithItsHelloLeavesNothing() throws Exception {
        int before = rig.relay.nodes().connected().size();
        for (int i = 0; i < 5; i++) {
            Stranger stranger = new Stranger();
            stranger.sayAndClose(hello(new Id(5, i), HIGHEST, 1));
            eventually("the connection is closed", () -> stranger.log.contains("closed TIMEOUT"));
        }
        Stranger last = new Stranger();
        last.say(hello(new Id(6, 6), 0, 1));

        eventually("what came before is done", () -> last.log.contains("HELLO_REJECT"));
        assertThat(rig.relay.nodes().connected()).hasSize(before);
        rig.drop(node);
        rig.connect("gpu", llama);
    }

    @Test
    void aSilentProcessKeepsTheNodeOutNeitherNowNorWhenItComesBack() throws Exception {
        Stranger silent = new Stranger();
        silent.say(hello(new Id(5, 5), HIGHEST, 1));
        eventually("it is let in", () -> silent.log.contains("HELLO_OK"));

        assertThat(post(CHAT, chat("sim", false, 1)).statusCode()).isEqualTo(200);
        rig.drop(node);
        rig.connect("gpu", llama);
        assertThat(post(CHAT, chat("sim", false, 1)).statusCode()).isEqualTo(200);
    }

    @Test
    void aProcessThatHadTheNodeKeepsItNoLongerThanItsSessions() throws Exception {
        Stranger other = new Stranger();
        other.say(hello(new Id(5, 5), HIGHEST, 1), models("{\"models\":[]}"));
        eventually(
                "it has the node",
                () -> rig.relay.fleet().catalog().models().stream()
                        .allMatch(model -> model.places().isEmpty()));
        rig.drop(node);

        loop.submit(() -> other.wire.join().close(Code.NO_ERROR, "gone")).get();
        rig.connect("gpu", llama);

        assertThat(post(CHAT, chat("sim", false, 1)).statusCode()).isEqualTo(200);
    }

    @Test
    void ofTooManySessionsOfOneNodeTheOldestEnds() throws Exception {
        List<Stranger> all = new ArrayList<>();
        for (int i = 1; i <= 40; i++) {
            Stranger next = new Stranger();
            next.say(hello(new Id(5, 5), HIGHEST, i));
            eventually("it is let in", () -> next.log.contains("HELLO_OK"));
            all.add(next);
        }

        eventually(
                "the oldest are told",
                () -> all.stream()
                                .filter(one -> one.log.contains("closed MOVED"))
                                .count()
                        >= 7);
        assertThat(all.get(39).log).doesNotContain("closed MOVED");
        eventually(
                "the node is there as well", () -> rig.relay.fleet().catalog().find("sim") != null);
        assertThat(rig.relay.nodes().connected()).hasSizeLessThanOrEqualTo(32);
    }
}
