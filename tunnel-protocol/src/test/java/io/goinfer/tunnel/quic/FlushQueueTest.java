// SPDX-License-Identifier: MIT
package io.goinfer.tunnel.quic;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.Unpooled;
import io.netty.channel.embedded.EmbeddedChannel;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** A connection whose window holds a number of writes. */
class FlushQueueTest {
    private final Coalescing coalescing = new Coalescing(() -> 0);
    private final EmbeddedChannel socket = new EmbeddedChannel(coalescing);
    private final Queue<Runnable> loop = new ArrayDeque<>();
    private final FlushQueue queue = new FlushQueue(loop::add, coalescing);
    private final List<String> written = new ArrayList<>();
    private int room = Integer.MAX_VALUE;

    private final class Named implements FlushQueue.Stream {
        private final String name;

        Named(String name) {
            this.name = name;
        }

        @Override
        public void flush() {
            written.add(name);
            room--;
        }

        @Override
        public boolean hasRoom() {
            return room > 0;
        }
    }

    private final Named a = new Named("a");
    private final Named b = new Named("b");
    private final Named c = new Named("c");

    private void turn() {
        for (int left = loop.size(); left > 0; left--) {
            loop.remove().run();
        }
    }

    private void packetComes() {
        socket.writeInbound(Unpooled.buffer(1).writeByte(0x40));
    }

    private void add(Named... streams) {
        List.of(streams).forEach(queue::add);
    }

    @AfterEach
    void close() {
        socket.finishAndReleaseAll();
    }

    @Test
    void allAreWrittenOnceAtTheEndOfTheTurn() {
        add(a, b, a, c);
        assertThat(written).isEmpty();
        turn();
        assertThat(written).containsExactly("a", "b", "c");
        turn();
        assertThat(written).hasSize(3);
    }

    @Test
    void inAFullWindowTheyWaitForAPacketInTheirOrder() {
        room = 1;
        add(a, b);
        turn();
        add(c, b, a);
        turn();
        assertThat(written).as("a took the room").containsExactly("a");
        room = 2;
        packetComes();
        assertThat(written).containsExactly("a", "b", "c");
        room = 2;
        packetComes();
        assertThat(written).containsExactly("a", "b", "c", "a");
        add(b);
        turn();
        assertThat(written).endsWith("a", "b");
    }

    @Test
    void oneIsWrittenBehindEveryPacketEvenIfItMadeNoRoom() {
        room = 0;
        add(a, b, c);
        turn();
        packetComes();
        packetComes();
        assertThat(written).containsExactly("a", "b", "c");
    }

    @Test
    void besideABulkTransferAllAreWritten() {
        room = 0;
        queue.bulk(true);
        add(a, b, c);
        turn();
        assertThat(written).containsExactly("a", "b", "c");
        queue.bulk(false);
        add(a, b);
        turn();
        assertThat(written).endsWith("c", "a");
    }

    /** Always has more to send, of which a packet that comes lets one piece leave. */
    private final class Bulk implements FlushQueue.Stream {
        private final String name;

        Bulk(String name) {
            this.name = name;
        }

        @Override
        public void flush() {
            boolean served = room > 0;
            if (served) {
                written.add(name);
                room--;
            }
            queue.whenRead(this, served);
        }

        @Override
        public boolean hasRoom() {
            return true;
        }
    }

    @Test
    void whatIsHeldBackTakesTurnsWithEachPacket() {
        room = 0;
        queue.add(new Bulk("a"));
        queue.add(new Bulk("b"));
        queue.add(new Bulk("c"));
        turn();
        assertThat(written).isEmpty();
        for (int i = 0; i < 6; i++) {
            room = 1;
            packetComes();
            turn();
        }
        assertThat(written).containsExactly("a", "b", "c", "a", "b", "c");
    }
}
