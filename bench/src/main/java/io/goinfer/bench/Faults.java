// SPDX-License-Identifier: MIT
package io.goinfer.bench;

import io.goinfer.bench.link.Link;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.HdrHistogram.Histogram;
import org.jspecify.annotations.Nullable;

/** {@code goinfer bench faults}: streams of tokens through a relay and a node as real processes, with a bad network between them. Blocking. */
public final class Faults {
    /** @param goinfer the command that starts this program */
    public record Options(List<String> goinfer, List<Scenario> scenarios, int streams, double rate) {}

    private static final String HEADER = "%-18s %8s %8s %8s %12s %12s %9s %9s %9s  %s";

    private final Options options;
    private final PrintWriter out;
    private @Nullable Bulk bulk;

    public Faults(Options options, PrintWriter out) {
        this.options = options;
        this.out = out;
    }

    /** True if every stream of every scenario came whole. */
    public boolean run() throws IOException, InterruptedException {
        print(String.format(
                Locale.ROOT,
                HEADER,
                "fault",
                "streams",
                "intact",
                "events",
                "silence ms",
                "moves in ms",
                "p90 ms",
                "p99 ms",
                "bulk Mb/s",
                "problems"));
        boolean good = true;
        for (Scenario scenario : options.scenarios()) {
            good &= run(scenario);
        }
        return good;
    }

    private boolean run(Scenario scenario) throws IOException, InterruptedException {
        Path folder = Files.createTempDirectory("goinfer-faults");
        int backendPort = FreePort.find();
        Process backend = Contender.backend(options.goinfer(), backendPort, options.streams());
        try (LoadDriver driver = new LoadDriver();
                LinkedWay way = new LinkedWay(scenario.line());
                Contender tunnel = Contender.tunnel(
                        options.goinfer(),
                        backendPort,
                        folder,
                        way,
                        scenario.nodeOptions().toArray(String[]::new))) {
            // What is compiled late is not what is measured.
            driver.run(tunnel.target(), new Load(options.streams(), 200, 100, 20, Duration.ofSeconds(30)));
            LoadResult result = during(scenario, driver, tunnel, way.link());
            if (bulk != null) {
                bulk.stop();
            }
            print(line(scenario, result));
            bulk = null;
            return result.errors() == 0 && result.damaged() == 0;
        } finally {
            backend.destroyForcibly();
            Bench.delete(folder);
        }
    }

    /** As a laptop that sleeps, or goes on. */
    static void suspend(Process process, boolean sleeps) throws IOException, InterruptedException {
        new ProcessBuilder("kill", sleeps ? "-STOP" : "-CONT", Long.toString(process.pid()))
                .start()
                .waitFor();
    }

    private LoadResult during(Scenario scenario, LoadDriver driver, Contender tunnel, Link link)
            throws IOException, InterruptedException {
        int tokens = (int) (scenario.seconds() * options.rate());
        Load load = new Load(
                options.streams(),
                tokens,
                options.rate(),
                options.streams(),
                Duration.ofSeconds(scenario.seconds() + 90L));
        CompletableFuture<LoadResult> result = driver.start(tunnel.target(), load);
        // All have started, and run.
        TimeUnit.MILLISECONDS.sleep(2_500);
        scenario.fault().happen(new Scenario.Scene() {
            @Override
            public Link link() {
                return link;
            }

            @Override
            public void node(boolean runs) throws IOException, InterruptedException {
                suspend(tunnel.lastProcess(), !runs);
            }

            @Override
            public void download() {
                bulk = Bulk.download(tunnel.target());
            }

            @Override
            public void upload() {
                bulk = Bulk.upload(tunnel.target());
            }

            @Override
            public void over() {
                driver.mark();
            }
        });
        try {
            return result.get();
        } catch (ExecutionException e) {
            throw new IOException(e.getCause());
        }
    }

    private String line(Scenario scenario, LoadResult result) {
        Histogram delay = result.delay();
        return String.format(
                Locale.ROOT,
                HEADER,
                scenario.name(),
                options.streams(),
                options.streams() - result.errors() - result.damaged(),
                result.events(),
                Long.toString(result.longestSilence() / 1_000_000),
                result.sinceMark() == 0 ? "-" : Long.toString(result.sinceMark() / 1_000_000),
                millis(delay.getValueAtPercentile(90)),
                millis(delay.getValueAtPercentile(99)),
                bulk == null ? "-" : String.format(Locale.ROOT, "%.1f", bulk.megabits()),
                result.problems().isEmpty() ? "" : result.problems());
    }

    private static String millis(long nanos) {
        return String.format(Locale.ROOT, "%.1f", nanos / 1e6);
    }

    private void print(String text) {
        out.println(text);
        out.flush();
    }
}
