// SPDX-License-Identifier: MIT
package io.goinfer.bench;

import io.goinfer.bench.OutageTrial.Result;
import java.io.IOException;
import java.io.PrintWriter;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.EnumMap;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Queue;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;

/**
 * Random outages, drawn from a seed and dealt to all arrangements in turns, and what became of them. Thread-safe: lines run side by side, and each takes the next
 * of its arrangement.
 */
public final class OutageSeries {
    private static final Duration ANSWERED = Duration.ofSeconds(1);
    private static final String ROW = "%4s  %-12s  %-8s  %-20s  %-9s  %7s  %7s  %6s  %9s  %8s  %11s  %s";

    private record Numbered(int number, Outage outage) {}

    private final Map<Arrangement, Queue<Numbered>> left = new EnumMap<>(Arrangement.class);
    private final int count;
    private final long seed;
    private final PrintWriter out;
    private int doubles;
    private int done;
    private int streams;
    private int refused;
    private int broken;
    private int breaking;
    private int missed;
    private long longestMoves;
    private long longestAnswered;

    public OutageSeries(int count, long seed, PrintWriter out) {
        this.count = count;
        this.seed = seed;
        this.out = out;
        Arrangement[] all = Arrangement.values();
        for (Arrangement one : all) {
            left.put(one, new ArrayDeque<>());
        }
        SplittableRandom random = new SplittableRandom(seed);
        for (int i = 0; i < count; i++) {
            Arrangement arrangement = all[i % all.length];
            Outage outage = Outage.random(random, arrangement);
            doubles += outage.isDouble() ? 1 : 0;
            queue(arrangement).add(new Numbered(i + 1, outage));
        }
    }

    /** All of the trial's arrangement, as far as no other line takes them. Blocking. */
    public void run(OutageTrial trial) throws IOException, InterruptedException {
        for (Numbered next = next(trial.arrangement()); next != null; next = next(trial.arrangement())) {
            told(next.number(), trial.arrangement(), trial.run(next.outage()));
        }
    }

    private synchronized @Nullable Numbered next(Arrangement arrangement) {
        return queue(arrangement).poll();
    }

    private Queue<Numbered> queue(Arrangement arrangement) {
        return Objects.requireNonNull(left.get(arrangement));
    }

    public synchronized void begin() {
        print(String.format(
                Locale.ROOT,
                "%d outages, %d of them double; seed %d. Times from the line's return.",
                count,
                doubles,
                seed));
        print(String.format(
                Locale.ROOT,
                ROW,
                "#",
                "node",
                "dead",
                "for s",
                "sessions",
                "streams",
                "refused",
                "broken",
                "silence s",
                "moves ms",
                "answered ms",
                "problems"));
    }

    private synchronized void told(int number, Arrangement arrangement, Result result) {
        boolean late = result.answered() > ANSWERED.toNanos();
        done++;
        streams += result.streams();
        refused += result.refused();
        broken += result.broken();
        breaking += result.broken() > 0 ? 1 : 0;
        missed += late ? 1 : 0;
        longestMoves = Math.max(longestMoves, result.moves());
        longestAnswered = Math.max(longestAnswered, result.answered());
        Outage outage = result.outage();
        print(String.format(
                        Locale.ROOT,
                        ROW,
                        number,
                        arrangement.label(),
                        outage.what().name().toLowerCase(Locale.ROOT).replace('_', ' '),
                        outage.lengths(),
                        String.join(",", result.sessions()),
                        result.streams(),
                        result.refused(),
                        result.broken(),
                        String.format(Locale.ROOT, "%.1f", result.silence() / 1e9),
                        result.moves() / 1_000_000,
                        result.answered() / 1_000_000 + (late ? " missed" : ""),
                        result.problems().isEmpty() ? "" : result.problems())
                .stripTrailing());
    }

    /** How many were lived through so far. */
    public synchronized int done() {
        return done;
    }

    /** Streams. */
    public synchronized int broken() {
        return broken;
    }

    /** New requests that were answered too late. */
    public synchronized int missed() {
        return missed;
    }

    public synchronized void end() {
        print(String.format(
                Locale.ROOT,
                "%d of %d outages, seed %d: %d streams, %d broken in %d outages, %d refused while no node was there. All moved again within %.1f s; a new request"
                        + " was answered within %d ms, %d times later than %d ms.",
                done,
                count,
                seed,
                streams,
                broken,
                breaking,
                refused,
                longestMoves / 1e9,
                longestAnswered / 1_000_000,
                missed,
                ANSWERED.toMillis()));
    }

    private void print(String text) {
        out.println(text);
        out.flush();
    }
}
