// SPDX-License-Identifier: MIT
package io.goinfer.proxy.net;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.InetAddress;
import org.junit.jupiter.api.Test;

class ConnectionLimitTest {
    private static InetAddress address(String text) throws Exception {
        return InetAddress.getByName(text);
    }

    @Test
    void oneAddressCannotTakeEverything() throws Exception {
        ConnectionLimit limit = new ConnectionLimit(10, 2);
        assertThat(limit.enter(address("192.0.2.1"))).isTrue();
        assertThat(limit.enter(address("192.0.2.1"))).isTrue();
        assertThat(limit.enter(address("192.0.2.1"))).isFalse();
        assertThat(limit.enter(address("192.0.2.2"))).isTrue();
        assertThat(limit.open()).isEqualTo(3);
        assertThat(limit.refused()).isOne();

        limit.leave(address("192.0.2.1"));
        assertThat(limit.enter(address("192.0.2.1")))
                .as("one place is free again")
                .isTrue();
        assertThat(limit.enter(address("192.0.2.1"))).isFalse();
    }

    @Test
    void aNetworkOfIpv6IsOneAddress() throws Exception {
        ConnectionLimit limit = new ConnectionLimit(10, 1);
        assertThat(limit.enter(address("2001:db8:0:1::1"))).isTrue();
        assertThat(limit.enter(address("2001:db8:0:1:ffff::2"))).isFalse();
        assertThat(limit.enter(address("2001:db8:0:2::1"))).isTrue();
    }

    @Test
    void thisMachineCountsForTheWholeOnly() throws Exception {
        ConnectionLimit limit = new ConnectionLimit(3, 1);
        for (String text : new String[] {"127.0.0.1", "127.0.0.1", "::1"}) {
            assertThat(limit.enter(address(text))).isTrue();
        }
        assertThat(limit.enter(address("127.0.0.1"))).isFalse();
        assertThat(limit.enter(address("192.0.2.1"))).isFalse();
        limit.leave(address("::1"));
        assertThat(limit.enter(address("192.0.2.1"))).isTrue();
    }
}
