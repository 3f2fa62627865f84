// SPDX-License-Identifier: MIT
package io.goinfer.tunnel.quic;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.channel.socket.DatagramPacket;
import io.netty.util.ReferenceCountUtil;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Time stands still unless a test moves it. */
class CoalescingTest {
    private static final InetSocketAddress ANYWHERE = new InetSocketAddress(1);
    private static final int TOKEN = 240;

    private long now;
    private final Coalescing coalescing = new Coalescing(() -> now);
    private final List<String> seen = new ArrayList<>();
    private Runnable whileReading = () -> {};
    private EmbeddedChannel socket;

    @BeforeEach
    void open() {
        socket = new EmbeddedChannel(coalescing, new ChannelInboundHandlerAdapter() {
            @Override
            public void channelRead(ChannelHandlerContext ctx, Object msg) {
                seen.add("read");
                ReferenceCountUtil.release(msg);
                whileReading.run();
            }

            @Override
            public void channelReadComplete(ChannelHandlerContext ctx) {
                seen.add("complete");
            }
        });
        socket.freezeTime();
    }

    private void later() {
        now += TimeUnit.MILLISECONDS.toNanos(2);
        socket.advanceTimeBy(2, TimeUnit.MILLISECONDS);
        socket.runScheduledPendingTasks();
    }

    @AfterEach
    void close() {
        socket.finishAndReleaseAll();
    }

    private void arrives(int size, int firstByte) {
        socket.writeInbound(
                new DatagramPacket(Unpooled.buffer(size).writeByte(firstByte).writeZero(size - 1), ANYWHERE, ANYWHERE));
    }

    private void waitingForOne() {
        arrives(TOKEN, 0x40);
        assertThat(seen).containsExactly("read");
        seen.clear();
    }

    /** Anybody can send one. */
    @Test
    void anEmptyDatagramIsNoPacketAndIsGivenBack() {
        DatagramPacket empty = new DatagramPacket(Unpooled.buffer(1), ANYWHERE, ANYWHERE);

        socket.writeInbound(empty);
        socket.checkException();

        assertThat(empty.refCnt()).isZero();
        assertThat(seen).doesNotContain("read");
    }

    @Test
    void tokensArePassedOnAtOnceAndAcknowledgedTwoMillisecondsLater() {
        waitingForOne();
        arrives(TOKEN, 0x40);
        assertThat(seen).containsExactly("read");
        later();
        assertThat(seen).containsExactly("read", "complete");
    }

    @Test
    void oneThatComesAloneIsAcknowledgedAtOnce() {
        later();
        arrives(TOKEN, 0x40);
        assertThat(seen).containsExactly("read", "complete");
    }

    @Test
    void bulkAndHandshakesAreNotHeld() {
        for (int[] packet : new int[][] {{1_200, 0x40}, {TOKEN, 0xc0}}) {
            waitingForOne();
            arrives(packet[0], packet[1]);
            assertThat(seen).containsExactly("read", "complete");
            seen.clear();
        }
    }

    @Test
    void manyWaitTwiceAsLong() {
        waitingForOne();
        for (int bytes = TOKEN; bytes < 4 << 10; bytes += TOKEN) {
            arrives(TOKEN, 0x40);
        }
        later();
        assertThat(seen).doesNotContain("complete");
        later();
        assertThat(seen).endsWith("complete");
    }

    @Test
    void sixteenKibibytesAreNotHeld() {
        waitingForOne();
        int packets = 1;
        for (; !seen.contains("complete"); packets++) {
            arrives(TOKEN, 0x40);
        }
        assertThat(packets * TOKEN).isBetween(16 << 10, (16 << 10) + TOKEN);
        seen.clear();
        waitingForOne();
    }

    @Test
    void nothingIsHeldWhileAStreamWaitsForRoom() {
        waitingForOne();
        coalescing.blocked(true);
        arrives(40, 0x40);
        assertThat(seen).containsExactly("read", "complete");
        seen.clear();
        coalescing.blocked(false);
        arrives(40, 0x40);
        assertThat(seen).containsExactly("read");
    }

    @Test
    void whatIsDueBehindTheNextPacketLeavesWithItsAcknowledgement() {
        waitingForOne();
        coalescing.whenRead(() -> seen.add("task"));
        assertThat(seen).isEmpty();
        arrives(TOKEN, 0x40);
        arrives(TOKEN, 0x40);
        assertThat(seen).as("once").containsExactly("read", "task", "complete", "read");
    }

    @Test
    void whatIsSentTakesTheAcknowledgementAlong() {
        waitingForOne();
        coalescing.written();
        assertThat(seen).containsExactly("complete");
        coalescing.written();
        assertThat(seen).as("once").hasSize(1);
    }

    @Test
    void whatIsSentWithinAReadLeavesWhenItIsComplete() {
        waitingForOne();
        whileReading = coalescing::written;
        arrives(TOKEN, 0x40);
        assertThat(seen).containsExactly("read", "complete");
    }

    @Test
    void theOthersAreWrittenWhileTheFirstPacketLeaves() {
        coalescing.together(
                () -> {
                    seen.add("first");
                    socket.write("packet").addListener(done -> {});
                    seen.add("first done");
                },
                () -> seen.add("others"));
        assertThat(seen).containsExactly("first", "others", "first done");
    }

    @Test
    void theOthersAreWrittenAlsoIfNoPacketLeaves() {
        coalescing.together(() -> seen.add("first"), () -> seen.add("others"));
        assertThat(seen).containsExactly("first", "others");
    }

    @Test
    void aClosedSocketCompletesNothing() {
        waitingForOne();
        socket.close().syncUninterruptibly();
        later();
        assertThat(seen).isEmpty();
    }
}
