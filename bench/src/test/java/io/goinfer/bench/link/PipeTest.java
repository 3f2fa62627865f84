// SPDX-License-Identifier: MIT
package io.goinfer.bench.link;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.Random;
import org.junit.jupiter.api.Test;

class PipeTest {
    private static final long MS = 1_000_000;

    private final Pipe pipe = new Pipe(new Random(1));

    @Test
    void delaysEverythingAndKeepsTheOrder() {
        pipe.conditions(new Conditions(Duration.ofMillis(15), Duration.ofMillis(5), 0, 0, 1 << 20));

        long last = 0;
        for (int i = 0; i < 1_000; i++) {
            long out = pipe.packet(1_200, i * 1_000L);
            assertThat(out).isBetween(Math.max(last, i * 1_000L + 15 * MS), i * 1_000L + 21 * MS);
            last = out;
        }
    }

    @Test
    void losesItsShare() {
        pipe.conditions(Conditions.NONE.withLoss(0.1));

        int lost = 0;
        for (int i = 0; i < 10_000; i++) {
            lost += pipe.packet(1_200, i) == Pipe.DROPPED ? 1 : 0;
        }
        assertThat(lost).isBetween(900, 1_100);
    }

    @Test
    void aFullQueueDropsPacketsAndEmptiesAtTheRate() {
        // 1,000 bytes take a millisecond; ten of them fit.
        pipe.conditions(Conditions.NONE.withRate(8_000_000, 10_000));

        int passed = 0;
        for (int i = 0; i < 100; i++) {
            passed += pipe.packet(1_000, 0) == Pipe.DROPPED ? 0 : 1;
        }
        assertThat(passed).isEqualTo(10);
        assertThat(pipe.packet(1_000, 5 * MS)).isEqualTo(11 * MS);
    }

    @Test
    void aBlackHoleTakesAllAndALostSegmentOfAStreamComesARoundTripLater() {
        pipe.open(false);
        assertThat(pipe.packet(1, 0)).isEqualTo(Pipe.DROPPED);
        pipe.open(true);
        pipe.conditions(Conditions.delayed(Duration.ofMillis(10)).withLoss(1));
        assertThat(pipe.stream(1, 0)).isEqualTo(30 * MS);
    }
}
