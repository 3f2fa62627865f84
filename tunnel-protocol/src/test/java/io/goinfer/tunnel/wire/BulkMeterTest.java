// SPDX-License-Identifier: MIT
package io.goinfer.tunnel.wire;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class BulkMeterTest {
    @Test
    void muchInLittleTimeIsBulkUntilItIsNot() {
        BulkMeter meter = new BulkMeter(0);
        assertThat(meter.sent((int) BulkMeter.BYTES, 1)).isFalse();
        assertThat(meter.sent(1, 2)).isTrue();
        assertThat(meter.sent(1, BulkMeter.NANOS)).isTrue();
        assertThat(meter.sent(300, BulkMeter.NANOS + 1))
                .as("another ten seconds")
                .isFalse();
    }

    @Test
    void tokensAreNever() {
        BulkMeter meter = new BulkMeter(0);
        for (int i = 0; i < 10_000; i++) {
            assertThat(meter.sent(300, i * 10_000_000L)).isFalse();
        }
    }
}
