// SPDX-License-Identifier: MIT
package io.goinfer.bench.link;

import java.util.random.RandomGenerator;

/** One direction of a link: when does what enters now come out? Pure; the caller brings time in nanoseconds and chance. */
final class Pipe {
    static final long DROPPED = -1;

    static final int SEGMENT_BYTES = 1_220;

    private final RandomGenerator random;
    private Conditions conditions = Conditions.NONE;
    private boolean open = true;
    private long busyUntil;
    private long last;

    Pipe(RandomGenerator random) {
        this.random = random;
    }

    void conditions(Conditions now) {
        conditions = now;
    }

    void open(boolean passes) {
        open = passes;
    }

    long delay() {
        return conditions.delay().toNanos();
    }

    boolean isOpen() {
        return open;
    }

    /** Bytes that wait for the rate. */
    long backlog(long now) {
        return Math.max(0, busyUntil - now) * conditions.bitsPerSecond() / 8_000_000_000L;
    }

    boolean isFull(long now) {
        return backlog(now) >= conditions.queueBytes();
    }

    /** When a packet comes out, or {@link #DROPPED}. */
    long packet(int size, long now) {
        if (!open || isFull(now) || random.nextDouble() < conditions.loss()) {
            return DROPPED;
        }
        return out(size, now, 0);
    }

    /** When bytes of a TCP stream come out; lost segments are repaired a round trip later. */
    long stream(int size, long now) {
        int segments = (size + SEGMENT_BYTES - 1) / SEGMENT_BYTES;
        boolean lost = random.nextDouble() >= Math.pow(1 - conditions.loss(), segments);
        return out(size, now, lost ? 2 * conditions.delay().toNanos() : 0);
    }

    private long out(int size, long now, long repair) {
        long rate = conditions.bitsPerSecond();
        busyUntil = Math.max(busyUntil, now) + (rate == 0 ? 0 : size * 8_000_000_000L / rate);
        long jitter = conditions.jitter().toNanos();
        long at = busyUntil + conditions.delay().toNanos() + repair + (jitter == 0 ? 0 : random.nextLong(jitter));
        last = Math.max(last, at);
        return last;
    }
}
