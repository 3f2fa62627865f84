// SPDX-License-Identifier: MIT
package io.goinfer.tunnel.wire;

import java.time.Duration;

/**
 * What a transport measures of itself. Counts are since the connection began.
 *
 * @param roundTrip smoothed
 */
public record WireStats(
        Duration roundTrip,
        long congestionWindowBytes,
        long sentPackets,
        long lostPackets,
        long receivedPackets,
        long sentCopies) {
    public static final WireStats NONE = new WireStats(Duration.ZERO, 0, 0, 0, 0, 0);

    /**
     * A smoothed round trip needs half a minute to forget a slow handshake, and a single PING may have waited at a busy machine: the shorter one is the path's.
     *
     * @param measured zero: not yet
     */
    public WireStats orShorter(Duration measured) {
        boolean shorter = !measured.isZero() && measured.compareTo(roundTrip) < 0;
        return shorter
                ? new WireStats(measured, congestionWindowBytes, sentPackets, lostPackets, receivedPackets, sentCopies)
                : this;
    }
}
