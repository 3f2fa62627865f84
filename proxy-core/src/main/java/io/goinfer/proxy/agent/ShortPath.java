// SPDX-License-Identifier: MIT
package io.goinfer.proxy.agent;

import io.goinfer.tunnel.wire.WireStats;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;

/**
 * Whether the way to the relay is so short that a machine's own pauses are longer than it: then QUIC connections with another congestion control serve tokens
 * better, as long as nothing is lost (docs/decisions/019). Pure: the caller brings what the serving connection measures, every second or so.
 */
final class ShortPath {
    private static final Duration SHORT = Duration.ofMillis(2);

    /** A way that was short is not any more, if no round trip of a minute is shorter: the PINGs of a busy machine wait too. */
    private static final Duration LONG = Duration.ofMillis(6);

    /** The first round trips of a connection are also the first work of both processes. */
    private static final int ENOUGH = 3;

    private static final int REMEMBERED = 60;
    private static final int MANY_LOST = 10;
    private static final double LOSSY = 0.005;

    private record Measured(Duration roundTrip, long sent, long lost) {}

    private final Deque<Measured> seen = new ArrayDeque<>();
    private boolean isShort;
    private int lossyFor;

    boolean isShort() {
        return isShort;
    }

    /** Another connection, perhaps another way: what was measured says nothing of it. */
    void begin() {
        seen.clear();
    }

    /**
     * @param roundTrip of the last PING; zero: none was answered yet
     * @return whether {@link #isShort} has changed with it
     */
    boolean measured(Duration roundTrip, WireStats counts) {
        lossyFor = Math.max(0, lossyFor - 1);
        if (roundTrip.isZero()) {
            return false;
        }
        Measured now = new Measured(roundTrip, counts.sentPackets(), counts.lostPackets());
        seen.addLast(now);
        if (seen.size() > REMEMBERED) {
            seen.removeFirst();
        }
        if (loses(seen.getFirst(), now)) {
            lossyFor = 10 * REMEMBERED;
        }
        boolean before = isShort;
        if (lossyFor > 0) {
            isShort = false;
        } else if (seen.size() >= (isShort ? REMEMBERED : ENOUGH)) {
            Duration least = seen.stream()
                    .map(Measured::roundTrip)
                    .min(Duration::compareTo)
                    .orElse(LONG);
            isShort = least.compareTo(isShort ? LONG : SHORT) < 0;
        }
        return isShort != before;
    }

    private static boolean loses(Measured first, Measured now) {
        long lost = now.lost() - first.lost();
        return lost >= MANY_LOST && lost > LOSSY * (now.sent() - first.sent());
    }
}
