// SPDX-License-Identifier: MIT
package io.goinfer.bench;

import io.goinfer.bench.link.Conditions;
import io.goinfer.bench.link.Link;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * {@code goinfer bench soak}: streams, transfers, clients that leave and a link that fails, all at once and for long, in turns. Between two turns all is quiet
 * for a moment: then memory, descriptors, threads, streams and credit must be what they were. Blocking.
 */
public final class Soak {
    /**
     * @param goinfer the command that starts this program
     * @param nodeOptions of {@code goinfer connect}
     * @param turn how long one is
     */
    public record Options(List<String> goinfer, List<String> nodeOptions, Duration length, Duration turn, long seed) {}

    private static final Conditions LINE = Conditions.delayed(Scenario.ROUND_TRIP.dividedBy(2));
    private static final double STARTS = 5;
    private static final int TOKENS = 100;
    private static final double RATE = 20;
    private static final int SLOTS = 10_000;

    /** Exchanges whose link is dead live on for a minute. */
    private static final Duration CALM = Duration.ofSeconds(100);

    /** Gauges of the relay that are zero when nothing runs. */
    private static final List<String> EMPTY = List.of(
            "goinfer_exchanges_running",
            "goinfer_tunnel_exchanges",
            "goinfer_tunnel_exchanges_waiting",
            "goinfer_tunnel_credit_bytes",
            "goinfer_select_held_bytes");

    private interface Trouble {
        void make(Link link, Process node) throws IOException, InterruptedException;
    }

    private static final List<Trouble> TROUBLES = List.of(
            (link, node) -> dead(link, 2),
            (link, node) -> dead(link, 10),
            (link, node) -> link.rebindUdp(),
            (link, node) -> link.cutTcp(),
            (link, node) -> {
                link.udp(false);
                TimeUnit.SECONDS.sleep(6);
                link.udp(true);
            },
            (link, node) -> {
                link.conditions(LINE.withLoss(0.01));
                TimeUnit.SECONDS.sleep(5);
                link.conditions(LINE);
            },
            (link, node) -> asleep(node, 3),
            (link, node) -> asleep(node, 12));

    private static void dead(Link link, int seconds) throws InterruptedException {
        link.pass(false);
        TimeUnit.SECONDS.sleep(seconds);
        link.pass(true);
    }

    private static void asleep(Process process, int seconds) throws IOException, InterruptedException {
        Faults.suspend(process, true);
        TimeUnit.SECONDS.sleep(seconds);
        Faults.suspend(process, false);
    }

    private final Options options;
    private final PrintWriter out;
    private final SplittableRandom random;
    private final List<Trouble> left = new ArrayList<>();

    public Soak(Options options, PrintWriter out) {
        this.options = options;
        this.out = out;
        this.random = new SplittableRandom(options.seed());
    }

    /** True if no stream broke and everything came back to its base. */
    public boolean run() throws IOException, InterruptedException {
        Path folder = Files.createTempDirectory("goinfer-soak");
        int backendPort = FreePort.find();
        Process backend = Contender.backend(options.goinfer(), backendPort, SLOTS);
        print("seed " + options.seed() + "; turns of " + options.turn().toSeconds() + " s");
        try (LoadDriver driver = new LoadDriver();
                LinkedWay way = new LinkedWay(LINE);
                Contender tunnel = Contender.tunnel(
                        options.goinfer(),
                        backendPort,
                        folder,
                        way,
                        options.nodeOptions().toArray(String[]::new))) {
            long end = System.nanoTime() + options.length().toNanos();
            boolean good = turn("warm", driver, tunnel, way.link());
            List<Footprint> base = calm(tunnel);
            for (int i = 1; good && base != null && System.nanoTime() < end; i++) {
                good = turn(Integer.toString(i), driver, tunnel, way.link());
                List<Footprint> now = calm(tunnel);
                good &= now != null && notAbove(now, base);
            }
            return good && base != null;
        } finally {
            backend.destroyForcibly();
            Bench.delete(folder);
        }
    }

    /** All at once. */
    private boolean turn(String name, LoadDriver driver, Contender tunnel, Link link)
            throws IOException, InterruptedException {
        double seconds = options.turn().toMillis() / 1e3;
        int streams = (int) (STARTS * seconds);
        Load load = new Load(streams, TOKENS, RATE, STARTS, options.turn().plus(CALM));
        CompletableFuture<LoadResult> result = driver.start(tunnel.target(), load);
        double resumes = tunnel.metrics().sum("goinfer_tunnel_resumes_total");
        RudeClients clients = new RudeClients(tunnel.target(), random.nextLong());
        try {
            long end = System.nanoTime() + options.turn().toNanos();
            while (System.nanoTime() < end) {
                Bulk bulk = random.nextBoolean() ? Bulk.download(tunnel.target()) : Bulk.upload(tunnel.target());
                next().make(link, tunnel.lastProcess());
                TimeUnit.MILLISECONDS.sleep(1_000 + random.nextInt(2_000));
                bulk.stop();
            }
        } finally {
            clients.stop();
        }
        try {
            return told(
                    name,
                    result.get(),
                    clients.count(),
                    tunnel.metrics().sum("goinfer_tunnel_resumes_total") - resumes);
        } catch (ExecutionException e) {
            throw new IOException(e.getCause());
        }
    }

    /** Every kind once before one comes again. */
    private Trouble next() {
        if (left.isEmpty()) {
            left.addAll(TROUBLES);
        }
        return left.remove(random.nextInt(left.size()));
    }

    /** A request that came while no node was there was refused; one that was begun must end whole. */
    private boolean told(String name, LoadResult result, long rude, double resumes) {
        long refused = result.problems().entrySet().stream()
                .filter(problem -> problem.getKey().contains(" 503"))
                .mapToLong(java.util.Map.Entry::getValue)
                .sum();
        long broken = result.errors() - refused + result.damaged();
        print(String.format(
                Locale.ROOT,
                "turn %s: %d streams whole, %d refused, %d broken%s; %d clients left; %.0f resumes",
                name,
                result.events() / TOKENS,
                refused,
                broken,
                broken == 0 ? "" : " " + result.problems(),
                rude,
                resumes));
        return broken == 0;
    }

    /** What both hold once nothing runs any more; null if something does not end. */
    private @Nullable List<Footprint> calm(Contender tunnel) throws IOException, InterruptedException {
        long end = System.nanoTime() + CALM.toNanos();
        List<String> busy = busy(tunnel);
        while (!busy.isEmpty() && System.nanoTime() < end) {
            TimeUnit.MILLISECONDS.sleep(200);
            busy = busy(tunnel);
        }
        if (!busy.isEmpty()) {
            print("  not at rest after " + CALM.toSeconds() + " s: " + busy);
            return null;
        }
        List<Footprint> all = new ArrayList<>();
        for (Process process : tunnel.processes()) {
            all.add(Footprint.of(process));
        }
        print("  relay: " + all.get(0) + "; node: " + all.get(1));
        return all;
    }

    private static List<String> busy(Contender tunnel) throws IOException {
        List<String> busy = new ArrayList<>();
        for (String name : EMPTY) {
            double value = tunnel.metrics().sum(name);
            if (value != 0) {
                busy.add(name + " " + value);
            }
        }
        return busy;
    }

    private boolean notAbove(List<Footprint> now, List<Footprint> base) {
        boolean good = true;
        for (int i = 0; i < now.size(); i++) {
            String above = now.get(i).above(base.get(i));
            if (!above.isEmpty()) {
                print("  " + (i == 0 ? "relay" : "node") + " above its base:" + above);
                good = false;
            }
        }
        return good;
    }

    private void print(String text) {
        out.println(text);
        out.flush();
    }
}
