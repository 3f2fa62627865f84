// SPDX-License-Identifier: MIT
package io.goinfer.proxy.agent;

import java.time.Duration;

/**
 * Whether this machine has slept: then the wall clock went on and the other did not, or nothing ran for long. What was connected before is most likely
 * dead, and its timers do not know. Pure: the caller brings both clocks, every second or so.
 */
final class WakeWatch {
    static final Duration EVERY = Duration.ofSeconds(1);

    private static final long JUMP_MILLIS = 5_000;

    private long wall;

    WakeWatch(long wallMillis) {
        wall = wallMillis;
    }

    /** True: it has just woken. A clock that is set by hand looks the same and costs a dial. */
    boolean woke(long wallMillis) {
        long passed = wallMillis - wall;
        wall = wallMillis;
        return passed > EVERY.toMillis() + JUMP_MILLIS;
    }
}
