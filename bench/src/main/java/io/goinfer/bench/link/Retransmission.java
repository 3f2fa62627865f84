// SPDX-License-Identifier: MIT
package io.goinfer.bench.link;

/**
 * When a TCP sender tries again what nobody acknowledges (RFC 6298): after a time-out, then each time after twice as long. Nothing else leaves meanwhile, so
 * what was written while a line was dead comes up to as long after it is back as it was dead. Pure; times are nanoseconds.
 */
final class Retransmission {
    /** As Linux does it: the round trip and this. RFC 6298 would have a second. */
    private static final long LEAST = 200_000_000;

    /** For a connection that is not there yet (RFC 6298, 2.1). */
    private static final long SYN = 1_000_000_000;

    private static final long MOST = 120_000_000_000L;

    private long timeout;
    private boolean expired;

    /** From the first byte without an acknowledgement. */
    long start(long roundTrip) {
        timeout = roundTrip + LEAST;
        expired = false;
        return timeout;
    }

    /** From the first SYN. */
    long startSyn() {
        timeout = SYN;
        expired = true;
        return timeout;
    }

    /** The time-out is over, and what was tried again is lost as well. */
    long again() {
        timeout = Math.min(2 * timeout, MOST);
        expired = true;
        return timeout;
    }

    void acknowledged() {
        timeout = 0;
        expired = false;
    }

    /** Something is not acknowledged. */
    boolean runs() {
        return timeout != 0;
    }

    /** Only the timer sends: before its first end what is written still leaves, and the receiver's answer to it tells what is missing. */
    boolean expired() {
        return expired;
    }
}
