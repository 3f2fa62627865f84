// SPDX-License-Identifier: MIT
package io.goinfer.tunnel.quic;

import java.time.Duration;
import java.util.Arrays;

/**
 * How much may be under way while bulk transfers fill a path: what the path itself holds and a little more, so that the queue in front of its narrowest link
 * stays short and tokens do not wait there (docs/decisions/020). Pure: the caller brings time, in nanoseconds, and what the connection measures. Confined
 * to one thread.
 */
final class BulkWindow {
    static final long LEAST = 4 * H3.UDP_PAYLOAD;
    private static final long START = 32 << 10;
    private static final long MOST = 256L << 20;

    /** What bulk may let stand in front of the narrowest link. */
    private static final long QUEUE = Duration.ofMillis(5).toNanos();

    /** Below it the pauses of the machines are longer than any queue, and the line is hardly a narrow one. */
    private static final long SHORT_PATH = Duration.ofMillis(3).toNanos();

    /** A queue that is still there with so small a part of the window is another's, or a machine that is busy. Who waits for it to go waits for ever. */
    private static final int NOT_OURS = 4;

    private static final long GIVEN_UP = Duration.ofSeconds(30).toNanos();

    /** Round trips that all have to be long before less is sent: one is also long when a machine pauses. */
    private static final int STEADY = 4;

    private static final long SPAN = Duration.ofSeconds(10).toNanos();
    private static final int SPANS = 6;

    /** Of round trips, by spans of time. */
    private final long[] least = new long[SPANS];

    private long spanBegan;
    private int span;
    private long window = START;
    private long declinesFrom = START;
    private boolean starting = true;
    private boolean used;
    private long updated;
    private long shortest = Long.MAX_VALUE;
    private long shortestOfSteady = Long.MAX_VALUE;
    private int steady;
    private long openUntil;
    private long drainUntil;

    BulkWindow(long now) {
        Arrays.fill(least, Long.MAX_VALUE);
        spanBegan = now;
        updated = now;
        openUntil = now;
        drainUntil = now;
    }

    /** @param roundTrip smoothed; zero: not measured yet */
    void measured(long roundTrip, long now) {
        if (now - spanBegan >= SPAN) {
            spanBegan = now;
            span = (span + 1) % SPANS;
            least[span] = Long.MAX_VALUE;
            // Once a span the queue may run empty, so that the path itself is measured.
            drainUntil = now + 2 * roundTrip;
        }
        if (roundTrip > 0) {
            least[span] = Math.min(least[span], roundTrip);
        }
    }

    /**
     * @param underWay sent and not acknowledged, of everything
     * @return bytes that bulk may send now
     */
    long room(long underWay, long roundTrip, long now) {
        measured(roundTrip, now);
        long path = Arrays.stream(least).min().orElse(Long.MAX_VALUE);
        if (path < SHORT_PATH || path == Long.MAX_VALUE || now < openUntil) {
            return Long.MAX_VALUE;
        }
        shortest = Math.min(shortest, roundTrip);
        if (now < drainUntil) {
            return Math.max(0, window / 2 - underWay);
        }
        if (now - updated >= roundTrip) {
            update(path, now);
            updated = now;
            shortest = Long.MAX_VALUE;
            used = false;
        }
        long room = Math.max(0, window - underWay);
        used |= room < window / 4;
        return room;
    }

    private void update(long path, long now) {
        steady++;
        shortestOfSteady = Math.min(shortestOfSteady, shortest);
        starting &= shortest < path + QUEUE / 2;
        double wanted = (double) (path + QUEUE) / shortest;
        if (wanted >= 1) {
            if (used) {
                window = Math.min(MOST, starting ? 2 * window : (long) (window * (1 + wanted) / 2));
            }
            declinesFrom = window;
            begin();
        } else if (steady >= STEADY) {
            window = Math.max(LEAST, (long) (window * ((double) (path + QUEUE) / shortestOfSteady)));
            if (window < declinesFrom / NOT_OURS) {
                openUntil = now + GIVEN_UP;
                window = START;
                declinesFrom = START;
                starting = true;
            }
            begin();
        }
    }

    private void begin() {
        steady = 0;
        shortestOfSteady = Long.MAX_VALUE;
    }
}
