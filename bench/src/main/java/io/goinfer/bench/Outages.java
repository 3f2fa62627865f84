// SPDX-License-Identifier: MIT
package io.goinfer.bench;

import io.goinfer.bench.link.Conditions;
import io.goinfer.bench.link.Link;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.jspecify.annotations.Nullable;

/**
 * {@code goinfer bench faults --only outages}: an {@link OutageSeries} over emulated lines, each with a relay and a node of its own as real processes. Several
 * lines run side by side, because an outage is mostly a wait. Blocking.
 */
public final class Outages {
    /** Among the names of the faults. */
    public static final String NAME = "outages";

    /** More would make the streams of two processors late. */
    private static final int MOST_LINES = 10;

    private static final int OUTAGES_OF_A_LINE = 4;
    private static final int SLOTS = 10_000;
    private static final Conditions LINE = Conditions.delayed(Scenario.ROUND_TRIP.dividedBy(2));

    /** @param goinfer the command that starts this program */
    public record Options(List<String> goinfer, int count, long seed, OutageTrial.Streams streams) {}

    private final Options options;
    private final OutageSeries series;
    private final PrintWriter out;

    public Outages(Options options, PrintWriter out) {
        this.options = options;
        this.out = out;
        this.series = new OutageSeries(options.count(), options.seed(), out);
    }

    /** What became of all. */
    public OutageSeries run() throws IOException, InterruptedException {
        series.begin();
        Path folder = Files.createTempDirectory("goinfer-outages");
        int backendPort = FreePort.find();
        Process backend = Contender.backend(options.goinfer(), backendPort, SLOTS);
        int lines = Math.min(MOST_LINES, Math.max(Arrangement.values().length, options.count() / OUTAGES_OF_A_LINE));
        ExecutorService threads = Executors.newFixedThreadPool(lines);
        List<EmulatedLine> made = new ArrayList<>();
        try {
            List<Future<?>> running = new ArrayList<>();
            for (int i = 0; i < lines; i++) {
                EmulatedLine line = new EmulatedLine(i, folder, backendPort);
                made.add(line);
                running.add(threads.submit(line::run));
            }
            for (Future<?> one : running) {
                one.get();
            }
        } catch (ExecutionException e) {
            throw new IOException(e.getCause());
        } finally {
            threads.shutdownNow();
            made.forEach(EmulatedLine::close);
            backend.destroyForcibly();
            if (series.broken() == 0) {
                Bench.delete(folder);
            } else {
                out.println("the logs of relays and nodes are kept in " + folder);
            }
        }
        series.end();
        return series;
    }

    private final class EmulatedLine implements Outage.Line, AutoCloseable {
        private final Arrangement arrangement;
        private final LinkedWay way = new LinkedWay(LINE);
        private final Contender tunnel;

        EmulatedLine(int number, Path folder, int backendPort) throws IOException {
            Arrangement[] all = Arrangement.values();
            arrangement = all[number % all.length];
            Path own = Files.createDirectory(folder.resolve("line-" + number));
            Path configuration = Files.writeString(own.resolve("node.yml"), arrangement.configuration());
            tunnel = Contender.tunnel(options.goinfer(), backendPort, own, way, "--config", configuration.toString());
        }

        @Override
        public void pass(Outage.What what, boolean passes) {
            switch (what) {
                case ALL -> way.link().pass(passes);
                case UDP -> way.link().udp(passes);
                case TO_RELAY -> way.link().pass(Link.Direction.THERE, passes);
                case TO_NODE -> way.link().pass(Link.Direction.BACK, passes);
            }
        }

        @Nullable
        Void run() throws IOException, InterruptedException {
            try (OutageTrial trial = new OutageTrial(tunnel.target(), this, arrangement, options.streams())) {
                series.run(trial);
            }
            return null;
        }

        @Override
        public void close() {
            tunnel.close();
            way.close();
        }
    }
}
