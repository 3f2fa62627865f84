// SPDX-License-Identifier: MIT
package io.goinfer.proxy.agent;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.InetAddress;
import java.nio.file.Path;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LastTransportTest {
    @TempDir
    Path folder;

    private LastTransport open() throws IOException {
        return new LastTransport(folder, Runnable::run);
    }

    private static String network(String source) throws IOException {
        return LastTransport.network(InetAddress.getByName(source));
    }

    @Test
    void aNetworkIsThePrefixOfOurAddressThere() throws Exception {
        assertThat(network("192.168.1.17")).isEqualTo(network("192.168.1.230")).isNotEqualTo(network("192.168.2.17"));
        assertThat(network("2001:db8:1:2::9"))
                .isEqualTo(network("2001:db8:1:2:3:4:5:6"))
                .isNotEqualTo(network("2001:db8:1:3::9"));
        assertThat(LastTransport.network(null)).isEmpty();
    }

    @Test
    void whereTcpWonIsKnownAfterARestartAndElsewhereQuicComesFirst() throws Exception {
        String home = network("192.168.1.17");
        String office = network("10.1.2.3");
        open().tcp(office, true);

        LastTransport again = open();
        assertThat(again.isTcp(office)).isTrue();
        assertThat(again.isTcp(home)).isFalse();
        assertThat(again.isTcp("")).isFalse();

        again.tcp(home, false);
        again.tcp(office, false);
        assertThat(open().isTcp(office)).isFalse();
    }

    @Test
    void theOldestOfManyNetworksIsForgotten() throws Exception {
        LastTransport last = open();
        IntStream.range(0, 40).forEach(i -> last.tcp("net-" + i, true));

        LastTransport again = open();
        assertThat(again.isTcp("net-0")).isFalse();
        assertThat(IntStream.range(8, 40)).allMatch(i -> again.isTcp("net-" + i));
    }
}
