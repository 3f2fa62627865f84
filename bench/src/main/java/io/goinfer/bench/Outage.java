// SPDX-License-Identifier: MIT
package io.goinfer.bench;

import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.random.RandomGenerator;

/**
 * A line that passes nothing for a while, and perhaps once more right after it is back: in the middle of what the first time has set going.
 *
 * @param lead from the moment when all streams run to the first
 * @param pause between both
 * @param second zero: there is only one
 */
public record Outage(What what, Duration lead, Duration first, Duration pause, Duration second) {
    /** What passes nothing. */
    public enum What {
        ALL,
        UDP,
        TO_RELAY,
        TO_NODE
    }

    /** What can be dead. Blocking. */
    public interface Line {
        void pass(What what, boolean passes) throws IOException, InterruptedException;
    }

    private static final int SHORTEST = 200;
    private static final int LONGEST = 12_000;

    /** About as long as a session needs to find out: sessions are given up, dialled and recover at the same time. */
    private static final int CRITICAL = 4_000;

    private static final int CRITICAL_END = 8_000;

    private static final int LEAD = 200;
    private static final int LEAD_END = 1_000;
    private static final int PAUSE = 100;
    private static final int PAUSE_END = 3_000;

    private static final List<What> KINDS =
            List.of(What.ALL, What.ALL, What.ALL, What.ALL, What.TO_RELAY, What.TO_NODE, What.UDP, What.UDP);

    /** One in three is double; half of all are of the critical length. */
    static Outage random(RandomGenerator random, Arrangement arrangement) {
        What what = KINDS.get(random.nextInt(arrangement.usesUdp() ? KINDS.size() : KINDS.size() - 2));
        Duration lead = Duration.ofMillis(random.nextInt(LEAD, LEAD_END));
        Duration first = length(random);
        boolean twice = random.nextInt(3) == 0;
        Duration pause = twice ? Duration.ofMillis(random.nextInt(PAUSE, PAUSE_END)) : Duration.ZERO;
        return new Outage(what, lead, first, pause, twice ? length(random) : Duration.ZERO);
    }

    private static Duration length(RandomGenerator random) {
        return Duration.ofMillis(
                random.nextBoolean() ? random.nextInt(CRITICAL, CRITICAL_END) : random.nextInt(SHORTEST, LONGEST + 1));
    }

    boolean isDouble() {
        return !second.isZero();
    }

    /** From the first moment without a line to the last. */
    Duration length() {
        return first.plus(pause).plus(second);
    }

    /** The longest time without a line. */
    Duration longest() {
        return first.compareTo(second) > 0 ? first : second;
    }

    /** Blocks until the line is back for good. */
    void happen(Line line) throws IOException, InterruptedException {
        dead(line, first);
        if (isDouble()) {
            Thread.sleep(pause.toMillis());
            dead(line, second);
        }
    }

    private void dead(Line line, Duration length) throws IOException, InterruptedException {
        line.pass(what, false);
        Thread.sleep(length.toMillis());
        line.pass(what, true);
    }

    /** Seconds, as "5.2" or "5.2, 1.3 later 4.0". */
    String lengths() {
        return isDouble() ? seconds(first) + ", " + seconds(pause) + " later " + seconds(second) : seconds(first);
    }

    private static String seconds(Duration time) {
        return String.format(Locale.ROOT, "%.1f", time.toMillis() / 1e3);
    }
}
