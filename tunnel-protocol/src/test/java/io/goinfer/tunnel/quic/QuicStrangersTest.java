// SPDX-License-Identifier: MIT
package io.goinfer.tunnel.quic;

import static io.goinfer.tunnel.testing.Eventually.eventually;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.goinfer.tunnel.frame.Code;
import io.goinfer.tunnel.frame.Frame;
import io.goinfer.tunnel.frame.FrameException;
import io.goinfer.tunnel.frame.Id;
import io.goinfer.tunnel.session.TransportContract.Recorder;
import io.goinfer.tunnel.testing.TestCertificates;
import io.goinfer.tunnel.wire.Wire;
import io.goinfer.tunnel.wire.WireStream;
import io.netty.handler.codec.quic.QuicSslContextBuilder;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.SocketTimeoutException;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Who must not get in, who lies, and what a restarted relay says. */
class QuicStrangersTest {
    private final Recorder relaySide = new Recorder();
    private final Recorder nodeSide = new Recorder();
    private QuicRig rig;

    @BeforeEach
    void start() {
        rig = new QuicRig().listen(0, relaySide);
    }

    @AfterEach
    void stop() {
        rig.close();
    }

    private void goodNodeStillWorks() throws Exception {
        rig.verdict = Code.NO_ERROR;
        rig.connect(nodeSide, 16, () -> {});
        eventually("a good node gets in", () -> relaySide.session != null && relaySide.session.accepts());
    }

    @Test
    void aNodeWithoutACertificateIsToldSo() throws Exception {
        var tls = QuicSslContextBuilder.forClient()
                .trustManager(new TestCertificates.TrustAnybody())
                .applicationProtocols("h3")
                .build();

        assertThatThrownBy(() -> rig.dial(tls).get(10, TimeUnit.SECONDS)).hasMessageContaining("401 NO_CERTIFICATE");
        goodNodeStillWorks();
    }

    @Test
    void aRefusedCertificateIsToldWhy() throws Exception {
        rig.verdict = Code.REVOKED;

        assertThatThrownBy(() -> rig.dial(rig.nodeTls()).get(10, TimeUnit.SECONDS))
                .hasMessageContaining("403 REVOKED");
        goodNodeStillWorks();
    }

    @Test
    void garbageDatagramsDisturbNobody() throws Exception {
        Random random = new Random(1);
        try (DatagramSocket socket = new DatagramSocket()) {
            for (int i = 0; i < 2_000; i++) {
                byte[] bytes = new byte[random.nextInt(1_400)];
                random.nextBytes(bytes);
                if (bytes.length > 0 && i % 2 == 0) {
                    bytes[0] = (byte) 0xc0;
                }
                socket.send(new DatagramPacket(bytes, bytes.length, rig.listener.address()));
            }
        }

        goodNodeStillWorks();
    }

    /** Events of a wire that only remembers its end. */
    private static final class Raw implements Wire.Events {
        final CompletableFuture<String> closed = new CompletableFuture<>();

        @Override
        public void onControl(Frame.Control frame) {
            if (frame instanceof Frame.Models models) {
                models.payload().release();
            }
        }

        @Override
        public WireStream.Events onStream(WireStream stream) {
            throw new FrameException(Code.PROTOCOL, "no streams here");
        }

        @Override
        public void onClosed(Code code, String reason) {
            closed.complete(code + " " + reason);
        }
    }

    private String closeAfter(Frame.Control... frames) throws Exception {
        Wire wire = rig.dial(rig.nodeTls()).get(10, TimeUnit.SECONDS).wire();
        Raw raw = new Raw();
        wire.loop().submit(() -> wire.events(raw)).get();
        for (Frame.Control frame : frames) {
            wire.loop().submit(() -> wire.sendControl(frame)).get();
        }
        return raw.closed.get(10, TimeUnit.SECONDS);
    }

    @Test
    void framesBeforeHelloEndTheSession() throws Exception {
        assertThat(closeAfter(new Frame.Ping(1, false))).startsWith("PROTOCOL PING before HELLO");
        goodNodeStillWorks();
    }

    @Test
    void aHelloOfAnotherVersionIsRefused() throws Exception {
        Frame.Hello hello = new Frame.Hello(9, 9, 0, new Id(1, 1), 1, 0, 1, 16, 4096, "n", "s");

        assertThat(closeAfter(hello)).startsWith("VERSION");
    }

    @Test
    void aHelloWithImpossibleLimitsIsRefused() throws Exception {
        Frame.Hello hello = new Frame.Hello(1, 1, 0, new Id(1, 1), 1, 0, 1, Integer.MAX_VALUE, 4096, "n", "s");

        assertThat(closeAfter(hello)).startsWith("PROTOCOL HELLO: max streams");
    }

    @Test
    void aSecondHelloEndsTheSession() throws Exception {
        assertThat(closeAfter(rig.hello(16), rig.hello(16))).startsWith("PROTOCOL HELLO out of place");
        goodNodeStillWorks();
    }

    @Test
    void anAnswerToAPingThatWasNeverSentEndsTheSession() throws Exception {
        assertThat(closeAfter(rig.hello(16), new Frame.Pong(99, false))).startsWith("PROTOCOL PONG 99");
    }

    @Test
    void aRestartedRelayTellsItsNodesAtTheirFirstPacket() throws Exception {
        CompletableFuture<Void> noticed = new CompletableFuture<>();
        Frame.HelloOk ok = rig.connect(nodeSide, 16, () -> noticed.complete(null));
        int port = rig.listener.address().getPort();
        assertThat(ok.bootToken()).isNotEqualTo(Id.ZERO);

        // Another process on the same port with the same key: it knows nothing of the session.
        rig.listener.close();
        Recorder second = new Recorder();
        eventually("the port is free again", () -> {
            try {
                rig.listen(port, second);
                return true;
            } catch (Exception e) {
                return false;
            }
        });

        noticed.get(10, TimeUnit.SECONDS);
    }

    /** Two listeners of one process: neither tells tokens of the other's connections. */
    @Test
    void nobodyGetsTheTokenOfAConnectionThatLives() throws Exception {
        rig.connect(nodeSide, 16, () -> {});
        QuicListener second = rig.listener(0, new Recorder());
        byte[] packet = new byte[64];
        packet[0] = 0x40;
        try (DatagramSocket stranger = new DatagramSocket()) {
            ConnectionIds ids = new ConnectionIds(rig.bootKey().bootId(), 0);
            for (QuicListener listener : List.of(rig.listener, second)) {
                System.arraycopy(ids.newId(ConnectionIds.BYTES).array(), 0, packet, 1, ConnectionIds.BYTES);
                stranger.send(new DatagramPacket(packet, packet.length, listener.address()));
            }
            // Of a connection of another process either tells, so whatever came before would be there by then.
            packet[1] ^= 1;
            for (QuicListener listener : List.of(rig.listener, second)) {
                stranger.send(new DatagramPacket(packet, packet.length, listener.address()));
            }
            Set<Integer> from = new HashSet<>();
            stranger.setSoTimeout(10_000);
            for (int i = 0; i < 2; i++) {
                DatagramPacket answer = new DatagramPacket(new byte[100], 100);
                stranger.receive(answer);
                assertThat(answer.getLength()).isEqualTo(21);
                from.add(answer.getPort());
            }
            assertThat(from).hasSize(2);
            stranger.setSoTimeout(1);
            assertThatThrownBy(() -> stranger.receive(new DatagramPacket(new byte[100], 100)))
                    .isInstanceOf(SocketTimeoutException.class);
        }
        second.close();
    }

    @Test
    void aBootNoticeWithAWrongTokenIsIgnored() throws Exception {
        boolean[] noticed = new boolean[1];
        rig.connect(nodeSide, 16, () -> noticed[0] = true);
        eventually("the relay has the session", () -> relaySide.session != null);
        List<String> before = List.copyOf(nodeSide.log);

        nodeSide.on(() -> {
            nodeSide.session.sendModels(io.netty.buffer.Unpooled.copiedBuffer(new byte[21]));
            return null;
        });
        eventually("the session lives", () -> relaySide.log.size() > 0);

        assertThat(noticed[0]).isFalse();
        assertThat(nodeSide.log).isEqualTo(before);
    }
}
