// SPDX-License-Identifier: MIT
package io.goinfer.tunnel.quic;

/** Whether a path loses more than 0.1 % of what is sent on it, of 1,000 packets at least. Pure. */
final class LossMeter {
    static final long PACKETS = 1_000;

    private long sentBefore;
    private long lostBefore;
    private boolean lossy;

    /** @param sent packets since the connection began, and how many of them were lost */
    boolean measured(long sent, long lost) {
        long packets = sent - sentBefore;
        boolean over = (lost - lostBefore) * 1_000 > Math.max(packets, PACKETS);
        if (over || packets >= PACKETS) {
            lossy = over;
            sentBefore = sent;
            lostBefore = lost;
        }
        return lossy;
    }
}
