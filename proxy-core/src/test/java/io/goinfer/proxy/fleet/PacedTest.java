// SPDX-License-Identifier: MIT
package io.goinfer.proxy.fleet;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.embedded.EmbeddedChannel;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class PacedTest {
    private final EmbeddedChannel channel = new EmbeddedChannel();
    private final List<Integer> taken = new ArrayList<>();
    private final List<ByteBuf> told = new ArrayList<>();
    private long now = Long.MAX_VALUE - 5;
    private final Paced paced = new Paced(channel.eventLoop(), () -> now, json -> taken.add(json.getInt(0)));

    private void tell(int from, int to) {
        for (int i = from; i <= to; i++) {
            ByteBuf json = Unpooled.directBuffer(4).writeInt(i);
            told.add(json);
            paced.tell(json);
            json.release();
        }
    }

    private void pass(long millis) {
        now += TimeUnit.MILLISECONDS.toNanos(millis);
        channel.advanceTimeBy(millis, TimeUnit.MILLISECONDS);
        channel.runScheduledPendingTasks();
    }

    private void nothingIsLeft() {
        assertThat(told).allMatch(json -> json.refCnt() == 0);
    }

    @Test
    void whatComesSeldomIsTakenAtOnce() {
        channel.freezeTime();
        for (int i = 1; i <= 100; i++) {
            tell(i, i);
            assertThat(taken).last().isEqualTo(i);
            pass(Paced.EVERY_MILLIS);
        }
        nothingIsLeft();
    }

    @Test
    void ofWhatComesTooOftenTheLastCounts() {
        channel.freezeTime();
        tell(1, 1_000);
        assertThat(taken).hasSize(Paced.BURST);

        pass(Paced.EVERY_MILLIS);
        tell(1_001, 2_000);
        assertThat(taken).hasSize(Paced.BURST + 1).last().isEqualTo(1_000);

        pass(Paced.EVERY_MILLIS);
        assertThat(taken).hasSize(Paced.BURST + 2).last().isEqualTo(2_000);
        pass(60_000);
        assertThat(taken).hasSize(Paced.BURST + 2);
        nothingIsLeft();
    }

    @Test
    void nothingIsTakenAfterTheEnd() {
        channel.freezeTime();
        tell(1, 100);

        paced.close();
        pass(1_000);

        assertThat(taken).hasSize(Paced.BURST);
        nothingIsLeft();
    }
}
