// SPDX-License-Identifier: MIT
package io.goinfer.tunnel.flow;

/**
 * What the receiving side of one session and direction may hold above the floors. {@code size + floor × maxStreams} bounds its memory. Counts only;
 * the windows take and give back.
 */
public final class CreditPool {
    /** PROTOCOL.md §6.5: the pool beside the floors. */
    public static final long SIZE = 8L << 20;

    /** Unacknowledged bytes above the floor that the sender may have out without an explicit CREDIT. */
    static final long IMPLICIT_SIZE = SIZE / 2;

    private final int floor;
    private long taken;
    private long takenByBulk;
    private long implicit;

    public CreditPool(int floor) {
        this.floor = floor;
    }

    int floor() {
        return floor;
    }

    /** Bytes granted or held above the floors. */
    public long taken() {
        return taken;
    }

    long free(boolean bulk) {
        long free = SIZE - taken;
        return Math.max(0, bulk ? Math.min(free, SIZE / 2 - takenByBulk) : free);
    }

    long implicitHeld() {
        return implicit;
    }

    void adjust(long delta, boolean bulk) {
        taken += delta;
        if (bulk) {
            takenByBulk += delta;
        }
    }

    void adjustImplicit(long delta) {
        implicit += delta;
    }

    /** First limit for a response: small, so that a thousand streams fit; it grows while its reader consumes. */
    public int initialResponseLimit() {
        return (int) (floor + Math.min(28 << 10, free(false) / 16));
    }
}
