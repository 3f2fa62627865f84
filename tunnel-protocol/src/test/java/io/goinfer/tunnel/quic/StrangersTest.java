// SPDX-License-Identifier: MIT
package io.goinfer.tunnel.quic;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import org.junit.jupiter.api.Test;

class StrangersTest {
    private final Strangers<Integer> strangers = new Strangers<>();

    private static InetAddress address(int last) throws Exception {
        return InetAddress.getByAddress(new byte[] {10, 0, (byte) (last >> 8), (byte) last});
    }

    @Test
    void whoeverComesIsLetInAndTheOldestOfAllMakesRoom() throws Exception {
        for (int i = 0; i < Strangers.MAX; i++) {
            assertThat(strangers.enter(i, address(i), 1)).isNull();
        }

        assertThat(strangers.enter(1_000, address(1_000), 1)).isZero();
        assertThat(strangers.enter(1_001, address(1_001), 1)).isEqualTo(1);
        assertThat(strangers.count()).isEqualTo(Strangers.MAX);
    }

    @Test
    void anAddressWithItsShareMakesRoomItself() throws Exception {
        strangers.enter(-1, address(1), 1);
        for (int i = 0; i < Strangers.MAX_PER_ADDRESS; i++) {
            assertThat(strangers.enter(i, address(2), 1)).isNull();
        }

        assertThat(strangers.enter(100, address(2), 1)).isZero();
        assertThat(strangers.enter(101, address(2), 10))
                .as("where nodes were seen")
                .isNull();
    }

    @Test
    void whoLeftTakesNoPlace() throws Exception {
        for (int i = 0; i < 10_000; i++) {
            assertThat(strangers.enter(i, address(7), 1)).isNull();
            strangers.leave(i);
            strangers.leave(i);
        }
        assertThat(strangers.count()).isZero();
    }

    @Test
    void aNetworkOfIpv6CountsAsOneAndAMappedAddressAsItself() throws Exception {
        assertThat(Peers.network(InetAddress.getByName("2001:db8:1:2::1")))
                .isEqualTo(Peers.network(InetAddress.getByName("2001:db8:1:2:ffff::9")))
                .isNotEqualTo(Peers.network(InetAddress.getByName("2001:db8:1:3::1")));
        byte[] mapped = new byte[16];
        mapped[10] = -1;
        mapped[11] = -1;
        mapped[12] = 10;
        mapped[15] = 1;
        InetAddress four = InetAddress.getByName("10.0.0.1");
        assertThat(Peers.network(Inet6Address.getByAddress(null, mapped, -1))).isEqualTo(four);
        assertThat(Peers.address(new InetSocketAddress(four, 1))).isEqualTo(four);
        assertThat(Peers.network(InetAddress.getByName("::1")).isLoopbackAddress())
                .isTrue();
    }
}
