// SPDX-License-Identifier: MIT
package io.goinfer.proxy.agent;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class ReconnectTest {
    private final Reconnect reconnect = new Reconnect(new Random(1));

    @Test
    void forAMinuteAfterALossItDialsEagerly() {
        reconnect.lost(0);

        for (long now = 0; now < TimeUnit.SECONDS.toNanos(60); now += TimeUnit.SECONDS.toNanos(1)) {
            assertThat(reconnect.next(now)).isBetween(200L, 600L);
        }
    }

    @Test
    void thenItBacksOffWithJitterUpToTwentySeconds() {
        long largest = 0;
        for (int i = 0; i < 200; i++) {
            long next = reconnect.next(0);
            assertThat(next).isBetween(1L, 20_000L);
            largest = Math.max(largest, next);
        }
        assertThat(largest).isGreaterThan(10_000);
        assertThat(reconnect.eager(0)).isFalse();
    }
}
