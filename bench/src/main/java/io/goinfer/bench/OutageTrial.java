// SPDX-License-Identifier: MIT
package io.goinfer.bench;

import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;

/**
 * Outages of one line, one after the other, while streams run over it: some that began before, some that begin in it and behind it, and one that is asked for the
 * moment the line is back. Blocking.
 */
public final class OutageTrial implements AutoCloseable {
    /** @param streams that run when the line dies */
    public record Streams(int count, double rate) {}

    /**
     * What became of one outage.
     *
     * @param sessions transports that served before it
     * @param streams all that were asked for
     * @param refused with 503: no node was there
     * @param broken that ended early, or with an event lost, doubled or out of order
     * @param silence the longest between two events of a stream, in ns
     * @param moves from the line's return until every stream that ran moved again, in ns
     * @param answered from the line's return to the first event of a request that came then, in ns
     */
    record Result(
            Outage outage,
            List<String> sessions,
            int streams,
            int refused,
            int broken,
            long silence,
            long moves,
            long answered,
            Map<String, Integer> problems) {}

    private static final double STARTS = 200;

    /** How long streams go on behind the outage. */
    private static final Duration TAIL = Duration.ofMillis(2_000);

    private static final double FRESH_STARTS = 4;
    private static final int FRESH_TOKENS = 10;

    /** Exchanges whose link is dead live on for a minute. */
    private static final Duration PATIENCE = Duration.ofSeconds(75);

    private static final Duration SETTLE = Duration.ofSeconds(3);

    private final LoadDriver.Target target;
    private final RelayMetrics metrics;
    private final Outage.Line line;
    private final Arrangement arrangement;
    private final Streams streams;
    private final LoadDriver before = new LoadDriver();
    private final LoadDriver after = new LoadDriver();

    /** @param target the relay, with an admin's key */
    public OutageTrial(LoadDriver.Target target, Outage.Line line, Arrangement arrangement, Streams streams) {
        this.target = target;
        this.metrics = new RelayMetrics(target);
        this.line = line;
        this.arrangement = arrangement;
        this.streams = streams;
    }

    Arrangement arrangement() {
        return arrangement;
    }

    Result run(Outage outage) throws IOException, InterruptedException {
        List<String> sessions = settled();
        long unused = untilAnswered(System.nanoTime(), new Tally());
        Duration length = outage.length().plus(TAIL);
        int tokens = (int) (outage.lead().plus(length).toMillis() * streams.rate() / 1_000);
        CompletableFuture<LoadResult> ran =
                before.start(target, new Load(streams.count(), tokens, streams.rate(), STARTS, length.plus(PATIENCE)));
        while (before.begun() < streams.count() && !ran.isDone()) {
            Thread.sleep(20);
        }
        Thread.sleep(outage.lead().toMillis());
        int fresh = (int) (length.toMillis() * FRESH_STARTS / 1_000);
        CompletableFuture<LoadResult> came =
                after.start(target, new Load(fresh, FRESH_TOKENS, streams.rate(), FRESH_STARTS, length.plus(PATIENCE)));
        outage.happen(line);
        long back = System.nanoTime();
        before.mark();
        Tally tally = new Tally();
        long answered = untilAnswered(back, tally);
        try {
            LoadResult old = ran.get();
            tally.add(old, streams.count());
            tally.add(came.get(), fresh);
            return new Result(
                    outage,
                    sessions,
                    tally.streams,
                    tally.refused,
                    tally.broken,
                    old.longestSilence(),
                    old.sinceMark(),
                    answered,
                    tally.problems);
        } catch (ExecutionException e) {
            throw new IOException(e.getCause());
        }
    }

    /** The sessions that are there; for a while waits for those that should be. */
    private List<String> settled() throws IOException, InterruptedException {
        long now = System.nanoTime();
        long soon = now + SETTLE.toNanos();
        long end = now + PATIENCE.toNanos();
        List<String> sessions = metrics.sessions();
        while (!sessions.equals(arrangement.sessions()) && (now < soon || sessions.isEmpty() && now < end)) {
            Thread.sleep(100);
            sessions = metrics.sessions();
            now = System.nanoTime();
        }
        return sessions;
    }

    /** As a client that asks again when it is refused. */
    private long untilAnswered(long back, Tally tally) throws InterruptedException {
        while (true) {
            long asked = System.nanoTime();
            LoadResult result = after.run(target, new Load(1, 2, 0, STARTS, PATIENCE));
            boolean served = result.errors() == 0;
            boolean refused = isRefused(result);
            if (!refused) {
                tally.add(result, 1);
            }
            if (served || !refused || System.nanoTime() - back > PATIENCE.toNanos()) {
                return asked - back + (served ? result.firstToken().getMaxValue() : PATIENCE.toNanos());
            }
            Thread.sleep(20);
        }
    }

    private static boolean isRefused(LoadResult result) {
        return result.problems().keySet().stream().anyMatch(OutageTrial::isRefused);
    }

    private static boolean isRefused(String problem) {
        return problem.contains(" 503");
    }

    private static final class Tally {
        private final Map<String, Integer> problems = new TreeMap<>();
        private int streams;
        private int refused;
        private int broken;

        void add(LoadResult result, int count) {
            streams += count;
            broken += result.damaged();
            if (result.damaged() > 0) {
                problems.merge("damaged", result.damaged(), Integer::sum);
            }
            result.problems().forEach((problem, times) -> {
                if (isRefused(problem)) {
                    refused += times;
                } else {
                    broken += times;
                    problems.merge(problem, times, Integer::sum);
                }
            });
        }
    }

    @Override
    public void close() {
        before.close();
        after.close();
    }
}
