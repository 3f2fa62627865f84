// SPDX-License-Identifier: MIT
package io.goinfer.tunnel.wire;

import java.time.Duration;

/** What a transport measures of itself. Counts are since the connection began. */
public record WireStats(
        Duration roundTrip,
        long congestionWindowBytes,
        long sentPackets,
        long lostPackets,
        long receivedPackets,
        long sentCopies) {
    public static final WireStats NONE = new WireStats(Duration.ZERO, 0, 0, 0, 0, 0);
}
