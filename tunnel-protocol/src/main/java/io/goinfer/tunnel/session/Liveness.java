// SPDX-License-Identifier: MIT
package io.goinfer.tunnel.session;

import java.time.Duration;

/**
 * Whether the other side is alive, from PONGs alone (PROTOCOL.md §8). Pure: the caller brings the time in nanoseconds and does what {@link #tick}
 * says. Call it about every {@link #TICK}.
 */
final class Liveness {
    static final Duration TICK = Duration.ofMillis(250);

    private static final long SECOND = 1_000_000_000L;
    private static final long PING_AFTER = SECOND;
    private static final long DOUBT_AFTER = SECOND;
    private static final long SUSPECT_AFTER = 4 * SECOND;
    private static final long DEAD_AFTER = 8 * SECOND;
    private static final long SUPERSEDED_DEAD_AFTER = 400_000_000L;
    private static final int SUPERSEDED_ROUND_TRIPS = 4;
    private static final long LAG = 2 * SECOND;

    /** What is to be done now. */
    enum Action {
        NOTHING,
        PING,
        DEAD
    }

    private long lastProof;
    private long oldestUnproven = -1;
    private long lastPing;
    private long lastTick;
    private long sequence;
    private long provenSequence;
    private long grace;
    private boolean graceUsed;
    private long roundTrip;
    private boolean superseded;

    Liveness(long now) {
        lastProof = now;
        lastPing = now;
        lastTick = now;
    }

    Action tick(long now) {
        extendOnceIfThisLoopLagged(now);
        if (oldestUnproven >= 0 && now - oldestUnproven >= deadAfter() + grace) {
            return Action.DEAD;
        }
        // A relay that was started again tells so to the first packet that it gets: do not let it wait.
        boolean doubted = oldestUnproven >= 0 && now - oldestUnproven >= DOUBT_AFTER;
        long every = doubted ? TICK.toNanos() : PING_AFTER;
        boolean due = oldestUnproven < 0 ? superseded || now - lastProof >= PING_AFTER : now - lastPing >= every;
        return due ? Action.PING : Action.NOTHING;
    }

    private long deadAfter() {
        return superseded ? Math.max(SUPERSEDED_DEAD_AFTER, SUPERSEDED_ROUND_TRIPS * roundTrip) : DEAD_AFTER;
    }

    /** Another process took the other side's place: it is most likely gone, and has to prove soon that it is not. */
    void supersede() {
        superseded = true;
    }

    private void extendOnceIfThisLoopLagged(long now) {
        long lag = now - lastTick - TICK.toNanos();
        lastTick = now;
        if (lag > LAG && !graceUsed && oldestUnproven >= 0) {
            graceUsed = true;
            grace = lag;
        }
    }

    /** A PING goes out now; returns its number. */
    long pinged(long now) {
        lastPing = now;
        if (oldestUnproven < 0) {
            oldestUnproven = now;
        }
        return ++sequence;
    }

    /** False if no such PING is out: a lying peer. */
    boolean ponged(long number, long now) {
        if (number <= provenSequence || number > sequence) {
            return number <= sequence && number > 0;
        }
        provenSequence = number;
        roundTrip = now - oldestUnproven;
        lastProof = now;
        oldestUnproven = -1;
        grace = 0;
        graceUsed = false;
        return true;
    }

    /** From the oldest PING that a PONG answered, to that PONG. */
    Duration roundTrip() {
        return Duration.ofNanos(roundTrip);
    }

    boolean suspect(long now) {
        return oldestUnproven >= 0 && now - oldestUnproven >= SUSPECT_AFTER + grace;
    }
}
