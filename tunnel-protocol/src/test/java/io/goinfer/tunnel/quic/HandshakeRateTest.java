// SPDX-License-Identifier: MIT
package io.goinfer.tunnel.quic;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.InetAddress;
import java.time.Duration;
import org.junit.jupiter.api.Test;

class HandshakeRateTest {
    private static final long SECOND = 1_000_000_000L;
    private final HandshakeRate rate = new HandshakeRate();

    private static InetAddress address(int last) throws Exception {
        return InetAddress.getByAddress(new byte[] {(byte) 192, 0, 2, (byte) last});
    }

    private int allowed(InetAddress address, int tries, long now) {
        int allowed = 0;
        for (int i = 0; i < tries; i++) {
            allowed += rate.allows(address, now) ? 1 : 0;
        }
        return allowed;
    }

    @Test
    void aStrangerGetsABurstAndThenAFewASecond() throws Exception {
        assertThat(allowed(address(1), 1_000, 0)).isEqualTo(HandshakeRate.BURST);
        assertThat(allowed(address(1), 1_000, SECOND)).isEqualTo(HandshakeRate.PER_SECOND);
        assertThat(allowed(address(2), 1_000, SECOND)).as("nobody else pays").isEqualTo(HandshakeRate.BURST);
        assertThat(allowed(address(1), 1_000, 1_000 * SECOND)).isEqualTo(HandshakeRate.BURST);
    }

    @Test
    void allTogetherGetNoMoreThanTheLoopCanSpare() throws Exception {
        int allowed = 0;
        for (int i = 1; i < 100; i++) {
            allowed += allowed(address(i), 20, 0);
        }
        assertThat(allowed).isEqualTo(HandshakeRate.ALL_BURST);
        assertThat(allowed(address(100), 20, SECOND / 100)).isEqualTo(1);
        assertThat(allowed(address(101), 20, SECOND)).isEqualTo(20);
    }

    @Test
    void anAddressWithNodesGetsTenTimesAsManyForAWhile() throws Exception {
        assertThat(rate.allows(address(1), 0)).isTrue();
        rate.authenticated(address(1), 0);
        assertThat(allowed(address(1), 10_000, 0)).isEqualTo(HandshakeRate.BURST * HandshakeRate.KNOWN_FACTOR - 1);
        assertThat(allowed(address(1), 10_000, SECOND))
                .isEqualTo(HandshakeRate.PER_SECOND * HandshakeRate.KNOWN_FACTOR);
        long later = HandshakeRate.KNOWN.plus(Duration.ofSeconds(1)).toNanos();
        assertThat(allowed(address(1), 10_000, later)).isEqualTo(HandshakeRate.BURST);
    }
}
