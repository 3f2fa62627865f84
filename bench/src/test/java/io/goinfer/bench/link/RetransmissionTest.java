// SPDX-License-Identifier: MIT
package io.goinfer.bench.link;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

class RetransmissionTest {
    private static final long MS = 1_000_000;

    private final Retransmission timer = new Retransmission();

    @Test
    void waitsTwiceAsLongEachTimeAndNeverOverTwoMinutes() {
        assertThat(timer.start(30 * MS)).isEqualTo(230 * MS);
        assertThat(LongStream.generate(timer::again).limit(5).map(at -> at / MS))
                .containsExactly(460L, 920L, 1_840L, 3_680L, 7_360L);
        assertThat(LongStream.generate(timer::again).limit(9).max()).hasValue(120_000 * MS);
    }

    @Test
    void aSynWaitsASecondFirst() {
        assertThat(timer.startSyn()).isEqualTo(1_000 * MS);
        assertThat(timer.again()).isEqualTo(2_000 * MS);
    }

    @Test
    void onlyTheTimerSendsOnceItHasEndedAndAnAcknowledgementStopsIt() {
        timer.start(0);
        assertThat(timer.runs()).isTrue();
        assertThat(timer.expired()).isFalse();
        timer.again();
        assertThat(timer.expired()).isTrue();

        timer.acknowledged();

        assertThat(timer.runs()).isFalse();
        assertThat(timer.expired()).isFalse();
        assertThat(timer.start(0)).isEqualTo(200 * MS);
    }
}
