// SPDX-License-Identifier: MIT
package io.goinfer.tunnel.quic;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** With a path that is nothing but a round trip, a rate and a queue in front of it; the connection itself sends at most twice of what the path holds. */
class BulkWindowTest {
    private long now = TimeUnit.SECONDS.toNanos(1_000);
    private final BulkWindow window = new BulkWindow(now);

    /** One round trip at a time, as much as is allowed. */
    private final class Path {
        private final long length;
        private double bytesPerNano;
        private long foreign;
        private long smoothed;
        private long moved;
        private long queue;

        Path(long lengthMicros, double megabits) {
            length = lengthMicros * 1_000;
            smoothed = length;
            rate(megabits);
        }

        void rate(double megabits) {
            bytesPerNano = megabits / 8e3;
        }

        void run(long millis) {
            moved = 0;
            long until = now + millis * 1_000_000;
            long began = now;
            while (now < until) {
                long allowed = Math.min(window.room(0, smoothed, now), (long) (2 * bytesPerNano * length));
                window.room(allowed, smoothed, now);
                queue = Math.max(0, (long) (allowed / bytesPerNano) - length) + foreign;
                smoothed += (length + queue - smoothed) * 3 / 4;
                moved += Math.min(allowed, (long) (bytesPerNano * (length + queue)));
                now += length + queue;
            }
            moved = (long) (moved / (bytesPerNano * (now - began)) * 100);
        }
    }

    @ParameterizedTest
    @CsvSource({"30000, 40", "30000, 10", "30000, 2", "20000, 1000", "100000, 5", "150000, 100", "5000, 20"})
    void thePathIsFullAndItsQueueShort(long length, double megabits) {
        Path path = new Path(length, megabits);
        window.measured(path.length, now);
        path.run(3_000);
        path.run(20_000);

        double packets = 3 * 1_500 / path.bytesPerNano;
        double least = BulkWindow.LEAST / path.bytesPerNano - path.length;
        assertThat(path.queue).isLessThan((long) (8e6 + Math.max(packets, least)));
        assertThat(path.moved).as("percent of the rate").isGreaterThan(80);
    }

    @Test
    void onAShortPathNothingIsHeldBack() {
        window.measured(1_000_000, now);
        assertThat(window.room(50 << 20, 40_000_000, now)).isEqualTo(Long.MAX_VALUE);
    }

    @Test
    void beforeAnythingIsMeasuredNothingIsHeldBack() {
        assertThat(window.room(50 << 20, 0, now)).isEqualTo(Long.MAX_VALUE);
    }

    @Test
    void aPathThatGetsFasterIsFilled() {
        Path path = new Path(30_000, 10);
        path.run(5_000);
        path.rate(100);
        path.run(3_000);
        path.run(3_000);
        assertThat(path.moved).isGreaterThan(80);
    }

    @Test
    void aPathThatGetsSlowerKeepsAShortQueue() {
        Path path = new Path(30_000, 100);
        path.run(5_000);
        path.rate(10);
        path.run(40_000);
        assertThat(path.queue).isLessThan(10_000_000);
    }

    @Test
    void whatIsNotUsedDoesNotGrow() {
        for (int i = 0; i < 1_000; i++) {
            assertThat(window.room(1_000, 30_000_000, now)).isLessThan(64 << 10);
            now += 40_000_000;
        }
    }

    @Test
    void anothersQueueIsNotWaitedFor() {
        Path path = new Path(30_000, 40);
        path.run(2_000);
        path.foreign = 100_000_000;
        path.run(10_000);
        assertThat(window.room(50 << 20, path.smoothed, now)).isEqualTo(Long.MAX_VALUE);
    }

    @Test
    void anHourLaterThePathIsMeasuredAnew() {
        Path path = new Path(10_000, 40);
        path.run(2_000);
        Path longer = new Path(60_000, 40);
        longer.run(120_000);
        assertThat(longer.moved).isGreaterThan(80);
        assertThat(longer.queue).isLessThan(20_000_000);
    }
}
