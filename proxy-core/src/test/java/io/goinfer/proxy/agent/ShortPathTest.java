// SPDX-License-Identifier: MIT
package io.goinfer.proxy.agent;

import static org.assertj.core.api.Assertions.assertThat;

import io.goinfer.tunnel.wire.WireStats;
import java.time.Duration;
import org.junit.jupiter.api.Test;

class ShortPathTest {
    private final ShortPath path = new ShortPath();
    private long sent;
    private long lost;

    @Test
    void aFewRoundTripsSayThatItIsShort() {
        assertThat(measured(300)).isFalse();
        assertThat(measured(40_000)).isFalse();
        assertThat(path.isShort()).isFalse();
        assertThat(measured(900)).as("changed").isTrue();
        assertThat(path.isShort()).isTrue();
    }

    @Test
    void aLineAcrossACountryIsNotShort() {
        for (int i = 0; i < 200; i++) {
            assertThat(measured(12_000 + i)).isFalse();
        }
        assertThat(path.isShort()).isFalse();
    }

    @Test
    void aMachineThatIsBusyForAWhileDoesNotMakeItLong() {
        shortly();
        for (int i = 0; i < 50; i++) {
            assertThat(measured(30_000)).isFalse();
        }
        assertThat(path.isShort()).isTrue();
    }

    @Test
    void anotherConnectionThatTakesLongerMakesItLong() {
        shortly();
        path.begin();
        for (int i = 0; i < 59; i++) {
            assertThat(measured(30_000)).isFalse();
        }
        assertThat(measured(30_000)).as("changed").isTrue();
        assertThat(path.isShort()).isFalse();
    }

    @Test
    void aConnectionThatBeginsOnABusyMachineIsNotReplacedAgain() {
        shortly();
        path.begin();
        for (int i = 0; i < 20; i++) {
            assertThat(measured(30_000)).isFalse();
        }
        measured(500);
        for (int i = 0; i < 50; i++) {
            assertThat(measured(30_000)).isFalse();
        }
        assertThat(path.isShort()).isTrue();
    }

    @Test
    void lossOnANewConnectionCountsAtOnce() {
        shortly();
        path.begin();
        measured(500);
        sent += 1_000;
        lost += 10;
        assertThat(measured(500)).as("changed").isTrue();
        assertThat(path.isShort()).isFalse();
    }

    @Test
    void aShortPathThatLosesIsNoneForTenMinutes() {
        shortly();
        sent += 1_000;
        lost += 10;
        assertThat(measured(500)).as("changed").isTrue();
        for (int i = 0; i < 590; i++) {
            sent += 1_000;
            assertThat(measured(500)).isFalse();
        }
        while (!measured(500)) {
            assertThat(lost).isEqualTo(10);
        }
        assertThat(path.isShort()).isTrue();
    }

    @Test
    void aLostPacketNowAndThenIsNoMatter() {
        shortly();
        for (int i = 0; i < 100; i++) {
            sent += 1_000;
            lost += 1;
            assertThat(measured(500)).isFalse();
        }
        assertThat(path.isShort()).isTrue();
    }

    private void shortly() {
        measured(500);
        measured(500);
        assertThat(measured(500)).isTrue();
    }

    private boolean measured(long micros) {
        return path.measured(Duration.ofNanos(micros * 1_000), new WireStats(Duration.ZERO, 0, sent, lost, 0, 0));
    }
}
