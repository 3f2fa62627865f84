// SPDX-License-Identifier: MIT
package io.goinfer.proxy.agent;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class WakeWatchTest {
    @Test
    void aJumpOfTheClockIsAWaking() {
        WakeWatch watch = new WakeWatch(1_000_000);
        assertThat(watch.woke(1_001_000)).isFalse();
        assertThat(watch.woke(1_004_500)).as("a slow machine").isFalse();
        assertThat(watch.woke(1_604_500)).isTrue();
        assertThat(watch.woke(1_605_500)).as("once").isFalse();
        assertThat(watch.woke(1_000_000)).as("a clock that is set back").isFalse();
        assertThat(watch.woke(1_001_000)).isFalse();
    }
}
