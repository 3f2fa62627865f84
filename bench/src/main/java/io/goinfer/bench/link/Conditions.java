// SPDX-License-Identifier: MIT
package io.goinfer.bench.link;

import java.time.Duration;

/**
 * What one direction of a link does to what passes.
 *
 * @param delay of everything
 * @param jitter at most so much more, at random; order is kept
 * @param loss share of packets, 0 to 1. TCP's are not lost but come one round trip late, with all behind them
 * @param bitsPerSecond 0: no limit
 * @param queueBytes what waits for the rate; packets beyond it are dropped, TCP is held back
 */
public record Conditions(Duration delay, Duration jitter, double loss, long bitsPerSecond, int queueBytes) {
    public static final Conditions NONE = new Conditions(Duration.ZERO, Duration.ZERO, 0, 0, 1 << 20);

    public static Conditions delayed(Duration delay) {
        return new Conditions(delay, Duration.ZERO, 0, 0, 1 << 20);
    }

    public Conditions withLoss(double share) {
        return new Conditions(delay, jitter, share, bitsPerSecond, queueBytes);
    }

    public Conditions withRate(long bits, int queue) {
        return new Conditions(delay, jitter, loss, bits, queue);
    }
}
