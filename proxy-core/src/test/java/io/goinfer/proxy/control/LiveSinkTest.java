// SPDX-License-Identifier: MIT
package io.goinfer.proxy.control;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayDeque;
import java.util.Queue;
import org.junit.jupiter.api.Test;

class LiveSinkTest {
    private final Queue<Runnable> loop = new ArrayDeque<>();
    private long read;
    private long dropped;
    private boolean ended;
    private final LiveSink sink =
            new LiveSink(loop::add, bytes -> read += bytes.length, lost -> dropped += lost, () -> ended = true);

    private void turn() {
        while (!loop.isEmpty()) {
            loop.remove().run();
        }
    }

    @Test
    void whatWaitsForAStandingLoopIsBoundedAndTheLossIsTold() {
        byte[] piece = new byte[8 << 10];
        for (int i = 0; i < 1_000; i++) {
            sink.write(piece);
        }
        assertThat(loop).hasSize((int) (LiveSink.MOST / (LiveSink.TASK + piece.length)));
        turn();
        assertThat(read).isBetween(LiveSink.MOST * 9 / 10, LiveSink.MOST);

        sink.write(piece);
        sink.end();
        turn();
        assertThat(read + dropped).isEqualTo(1_001L * piece.length);
        assertThat(ended).isTrue();
    }

    @Test
    void piecesOfAByteCostMoreThanTheirByte() {
        for (int i = 0; i < 100_000; i++) {
            sink.write(new byte[1]);
        }
        assertThat(loop.size()).isLessThan((int) (LiveSink.MOST / LiveSink.TASK));
        turn();
        sink.write(new byte[1]);
        turn();
        assertThat(read + dropped).isEqualTo(100_001);
    }
}
