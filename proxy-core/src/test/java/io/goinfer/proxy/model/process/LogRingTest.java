// SPDX-License-Identifier: MIT
package io.goinfer.proxy.model.process;

import static org.assertj.core.api.Assertions.assertThat;

import io.goinfer.proxy.net.ByteBudget;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class LogRingTest {
    private final ByteBudget budget = new ByteBudget(1 << 20);

    private static void write(LogRing ring, int bytes) {
        ring.append(new byte[bytes], 0, bytes);
    }

    /** Against all that was ever written, in pieces of every size. */
    @Test
    void keepsTheEnd() {
        LogRing ring = new LogRing(budget);
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        Random random = new Random(1);
        for (int i = 0; i < 400; i++) {
            byte[] piece = new byte[random.nextInt(i % 50 == 0 ? 400_000 : 3_000)];
            random.nextBytes(piece);
            int from = random.nextInt(piece.length + 1);
            ring.append(piece, from, piece.length - from);
            all.write(piece, from, piece.length - from);

            byte[] written = all.toByteArray();
            int kept = Math.min(written.length, LogRing.MOST);
            byte[] end = java.util.Arrays.copyOfRange(written, written.length - kept, written.length);
            assertThat(ring.bytes()).isEqualTo(end);
            int few = Math.min(kept, 100);
            assertThat(ring.last(few)).isEqualTo(java.util.Arrays.copyOfRange(end, kept - few, kept));
        }
        assertThat(budget.used()).isEqualTo(LogRing.MOST);
    }

    @Test
    void takesMemoryAsItIsWrittenToAndGivesItBack() {
        LogRing ring = new LogRing(budget);
        assertThat(budget.used()).as("a model that never ran").isZero();
        ring.note("started");
        assertThat(budget.used()).isEqualTo(LogRing.FIRST);
        write(ring, 1 << 20);
        ring.note("stopped");
        assertThat(budget.used()).isEqualTo(LogRing.MOST);

        ring.shrink();
        assertThat(budget.used()).isEqualTo(LogRing.MOST_STOPPED);
        assertThat(ring.bytes()).hasSize(LogRing.MOST_STOPPED);
        assertThat(new String(ring.bytes(), StandardCharsets.UTF_8)).endsWith("goinfer: stopped\n");
        write(ring, 1 << 20);
        assertThat(ring.bytes()).as("it runs again").hasSize(LogRing.MOST);

        ring.close();
        write(ring, 1 << 20);
        assertThat(budget.used()).isZero();
        assertThat(ring.bytes()).isEmpty();
    }

    @Test
    void ringsShareABudgetButEachHasItsFirstBytes() {
        List<LogRing> rings = new ArrayList<>();
        for (int i = 0; i < 2_000; i++) {
            LogRing ring = new LogRing(budget);
            rings.add(ring);
            write(ring, 1 << 20);
            assertThat(ring.bytes()).hasSizeGreaterThanOrEqualTo(LogRing.FIRST);
        }
        assertThat(budget.used()).isLessThanOrEqualTo((1 << 20) + 2_000L * LogRing.FIRST);
        int history =
                LogRing.history(rings).stream().mapToInt(part -> part.length).sum();
        assertThat(history).isPositive().isLessThanOrEqualTo(LogRing.MOST_HISTORY);
        rings.forEach(LogRing::close);
        assertThat(budget.used()).isZero();
    }

    @Test
    void listenersHearAllThatComes() {
        LogRing ring = new LogRing(budget);
        StringBuilder heard = new StringBuilder();
        Runnable end = ring.listen(bytes -> heard.append(new String(bytes, StandardCharsets.UTF_8)));
        ring.note("a");
        ring.close();
        ring.note("b");
        end.run();
        ring.note("c");
        assertThat(heard).hasToString("goinfer: a\ngoinfer: b\n");
    }
}
