// SPDX-License-Identifier: MIT
package io.goinfer.bench.link;

import static io.goinfer.tunnel.testing.Eventually.eventually;
import static org.assertj.core.api.Assertions.assertThat;

import io.goinfer.bench.link.Link.Direction;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The emulated sender keeps to the kernel's times. All bounds are lower ones: a slow machine is only later. */
class TcpPathTest {
    private static final long MS = 1_000_000;

    private ServerSocket target;
    private Link link;
    private Socket near;

    @BeforeEach
    void open() throws IOException {
        target = new ServerSocket(0, 8, InetAddress.getLoopbackAddress());
        target.setSoTimeout(20_000);
        link = new Link(target.getLocalPort());
    }

    @AfterEach
    void close() throws IOException {
        link.close();
        target.close();
        if (near != null) {
            near.close();
        }
    }

    private Socket dial() throws IOException {
        near = new Socket(InetAddress.getLoopbackAddress(), link.port());
        near.setSoTimeout(20_000);
        near.setTcpNoDelay(true);
        return near;
    }

    private Socket connected() throws IOException {
        dial().getOutputStream().write(1);
        Socket far = target.accept();
        far.setSoTimeout(20_000);
        assertThat(far.getInputStream().read()).isEqualTo(1);
        return far;
    }

    /** So many retransmissions or SYNs are lost as well; the next comes after twice the time. */
    private void lost(int timeouts) {
        eventually(timeouts + " time-outs", () -> link.timeouts() >= timeouts);
    }

    @Test
    void whatWasWrittenInABlackHoleComesWithTheNextTimeOutAndWhole() throws Exception {
        byte[] sent = new byte[100_000];
        new Random(1).nextBytes(sent);
        try (Socket far = connected()) {
            link.pass(false);
            long start = System.nanoTime();
            near.getOutputStream().write(sent, 0, 10);
            lost(2);
            link.pass(true);
            near.getOutputStream().write(sent, 10, sent.length - 10);

            assertThat(far.getInputStream().readNBytes(sent.length)).isEqualTo(sent);
            assertThat(System.nanoTime() - start).isGreaterThan(1_400 * MS);
        }
    }

    @Test
    void withoutAcknowledgementsASenderStops() throws Exception {
        try (Socket far = connected()) {
            link.pass(Direction.BACK, false);
            long start = System.nanoTime();
            near.getOutputStream().write(2);
            assertThat(far.getInputStream().read()).isEqualTo(2);
            lost(2);
            near.getOutputStream().write(3);
            link.pass(true);

            assertThat(far.getInputStream().read()).isEqualTo(3);
            assertThat(System.nanoTime() - start).isGreaterThan(1_400 * MS);
        }
    }

    @Test
    void aFullBufferHoldsTheWriterBack() throws Exception {
        link.pass(false);
        try (SocketChannel writer = SocketChannel.open()) {
            writer.setOption(StandardSocketOptions.SO_SNDBUF, 64 << 10);
            writer.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), link.port()));
            writer.configureBlocking(false);
            ByteBuffer much = ByteBuffer.allocate(8 << 20);
            while (writer.write(much) > 0) {}
            assertThat(much.position()).isLessThan(2 << 20);
        }
    }

    @Test
    void whoDialsIsHeardWhenItsSynComesThrough() throws Exception {
        link.pass(false);
        long start = System.nanoTime();
        dial().getOutputStream().write(7);
        lost(1);
        link.pass(true);
        try (Socket far = target.accept()) {
            assertThat(System.nanoTime() - start).isGreaterThan(3_000 * MS);
            assertThat(far.getInputStream().read()).isEqualTo(7);
        }
    }

    @Test
    void whoGaveUpDiallingIsNeverHeard() throws Exception {
        link.pass(false);
        dial().getOutputStream().write(7);
        eventually("the link has it", () -> link.connections() == 1);
        near.close();
        eventually("the link forgot it", () -> link.connections() == 0);
        link.pass(true);
        Socket second = dial();
        second.getOutputStream().write(8);
        try (Socket far = target.accept()) {
            assertThat(far.getInputStream().read()).isEqualTo(8);
            second.close();
            assertThat(far.getInputStream().read()).isEqualTo(-1);
        }
        eventually("both are over", () -> link.connections() == 0);
    }

    @Test
    void whatWasSentBeforeTheEndComesBehindADeadLine() throws Exception {
        try (Socket far = connected()) {
            InputStream in = far.getInputStream();
            link.pass(false);
            near.getOutputStream().write(new byte[] {5, 6});
            near.close();
            lost(1);
            link.pass(true);
            assertThat(in.readAllBytes()).containsExactly(5, 6);
        }
    }

    @Test
    void anEndThatIsClosedResetsWhoSendsToIt() throws Exception {
        try (Socket far = connected()) {
            link.pass(Direction.THERE, false);
            near.close();
            link.pass(true);
            eventually("the other end sees it", () -> {
                try {
                    far.getOutputStream().write(9);
                    return false;
                } catch (IOException e) {
                    return true;
                }
            });
        }
    }
}
