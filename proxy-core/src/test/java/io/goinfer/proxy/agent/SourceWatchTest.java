// SPDX-License-Identifier: MIT
package io.goinfer.proxy.agent;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import org.junit.jupiter.api.Test;

class SourceWatchTest {
    private final SourceWatch watch = new SourceWatch();

    @Test
    void anotherAddressIsAChangeOnce() throws Exception {
        InetAddress cable = InetAddress.getByName("192.0.2.1");
        InetAddress radio = InetAddress.getByName("198.51.100.7");
        assertThat(watch.changed(null)).isFalse();
        assertThat(watch.changed(cable)).as("the first").isFalse();
        assertThat(watch.changed(cable)).isFalse();
        assertThat(watch.changed(null)).as("unplugged").isFalse();
        assertThat(watch.changed(cable)).as("plugged in again").isFalse();
        assertThat(watch.changed(null)).isFalse();
        assertThat(watch.changed(radio)).isTrue();
        assertThat(watch.changed(radio)).isFalse();
        watch.begin(cable);
        assertThat(watch.changed(cable)).as("a session came this way").isFalse();
    }

    @Test
    void theRoutesTellTheSource() throws Exception {
        InetAddress loopback = InetAddress.getByName("127.0.0.1");
        assertThat(SourceWatch.towards(new InetSocketAddress(loopback, 9))).isEqualTo(loopback);
    }
}
