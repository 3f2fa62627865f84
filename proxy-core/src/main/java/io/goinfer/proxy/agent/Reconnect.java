// SPDX-License-Identifier: MIT
package io.goinfer.proxy.agent;

import java.time.Duration;
import java.util.random.RandomGenerator;

/**
 * When to dial next: eagerly for a minute after an authenticated session was lost, then with full jitter, slower and slower. Pure: the caller brings time
 * and chance.
 */
final class Reconnect {
    static final Duration EAGER = Duration.ofSeconds(60);
    static final int MAX_OVERLAPPING = 4;

    private static final long EAGER_MILLIS = 400;
    private static final long FIRST_MILLIS = 250;
    private static final long MAX_MILLIS = 20_000;

    private final RandomGenerator random;
    private long eagerUntil;
    private int failures;

    Reconnect(RandomGenerator random) {
        this.random = random;
    }

    /** A session was authenticated: the next loss is worth hurrying for. */
    void connected() {
        failures = 0;
    }

    /** It was lost at {@code nowNanos}. */
    void lost(long nowNanos) {
        eagerUntil = nowNanos + EAGER.toNanos();
        failures = 0;
    }

    boolean eager(long nowNanos) {
        return eagerUntil - nowNanos > 0;
    }

    /** Milliseconds until the next dial; eager dials do not wait for the one before. */
    long next(long nowNanos) {
        if (eager(nowNanos)) {
            return random.nextLong(EAGER_MILLIS / 2, EAGER_MILLIS * 3 / 2);
        }
        long bound = Math.min(MAX_MILLIS, FIRST_MILLIS << Math.min(failures, 10));
        failures++;
        return random.nextLong(bound) + 1;
    }
}
