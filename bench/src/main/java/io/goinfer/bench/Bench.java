// SPDX-License-Identifier: MIT
package io.goinfer.bench;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/** {@code goinfer bench}: direct, standalone and tunnel in interleaved rounds over one simulated backend. Blocking. */
public final class Bench {
    /**
     * @param goinfer the command that starts this program
     * @param rounds of every contender, interleaved
     * @param streams of the many-streams load
     * @param seconds of each load
     */
    public record Options(List<String> goinfer, int rounds, int streams, double rate, int seconds) {}

    private static final int FIRST_TOKEN_REQUESTS = 1_000;

    /** Enough for the compiler to have seen every path. */
    private static final int WARMING_REQUESTS = 8_000;

    /** What is compiled only under the large load takes a processor from it meanwhile. */
    private static final int WARMING_LOADS = 2;

    private static final int FEW = 32;
    private static final double FEW_RATE = 50;

    private final Options options;
    private final PrintWriter log;

    public Bench(Options options, PrintWriter log) {
        this.options = options;
        this.log = log;
    }

    public Report run() throws IOException, InterruptedException {
        Path folder = Files.createTempDirectory("goinfer-bench");
        List<Contender> contenders = new ArrayList<>();
        int backendPort = FreePort.find();
        Process backend = Contender.backend(options.goinfer(), backendPort, options.streams() + FEW);
        try (LoadDriver driver = new LoadDriver()) {
            contenders.add(Contender.direct(backendPort));
            contenders.add(Contender.standalone(options.goinfer(), backendPort, folder.resolve("standalone")));
            contenders.add(Contender.tunnel(options.goinfer(), backendPort, folder.resolve("tunnel")));
            return measure(contenders, driver, backend);
        } finally {
            contenders.forEach(Contender::close);
            backend.destroyForcibly();
            delete(folder);
        }
    }

    private Report measure(List<Contender> contenders, LoadDriver driver, Process backend)
            throws IOException, InterruptedException {
        Map<String, List<Round>> rounds = new LinkedHashMap<>();
        contenders.forEach(one -> rounds.put(one.name(), new ArrayList<>()));
        // The first round warms up and is not counted.
        for (int round = 0; round <= options.rounds(); round++) {
            for (Contender one : contenders) {
                log.println((round == 0 ? "warming up " : "round " + round + " of " + options.rounds() + ": ")
                        + one.name());
                Round result = round(one, driver, backend, round == 0);
                if (round > 0) {
                    rounds.getOrDefault(one.name(), new ArrayList<>()).add(result);
                }
            }
        }
        return new Report(options, rounds);
    }

    /** Everything that one contender does in one round. */
    record Round(
            LoadResult one,
            LoadResult few,
            LoadResult many,
            double cpuMicros,
            double toolMicros,
            double kibPerStream,
            double stolenPercent) {}

    private Round round(Contender contender, LoadDriver driver, Process backend, boolean warming)
            throws IOException, InterruptedException {
        Duration patience = Duration.ofSeconds(options.seconds() * 3L + 30);
        // One request after the other, three tokens each.
        LoadResult one = driver.run(
                contender.target(),
                warming
                        ? new Load(WARMING_REQUESTS, 3, 0, 0, patience)
                        : new Load(FIRST_TOKEN_REQUESTS, 3, 0, 0, patience));
        int fewTokens = (int) (FEW_RATE * options.seconds());
        LoadResult few = driver.run(contender.target(), new Load(FEW, fewTokens, FEW_RATE, 200, patience));
        long memory = contender.residentBytes();
        int tokens = (int) (options.rate() * options.seconds());
        Load load = new Load(options.streams(), tokens, options.rate(), options.streams() / 2.0, patience);
        for (int i = 0; warming && i < WARMING_LOADS; i++) {
            LoadResult unused = driver.run(contender.target(), load);
        }
        Duration cpu = contender.cpu();
        Duration tool = tool(backend);
        StolenTime stolen = new StolenTime();
        LoadResult many = driver.run(contender.target(), load);
        double events = Math.max(1, many.events());
        return new Round(
                one,
                few,
                many,
                contender.cpu().minus(cpu).toNanos() / 1e3 / events,
                tool(backend).minus(tool).toNanos() / 1e3 / events,
                Math.max(0, contender.residentBytes() - memory) / 1024.0 / options.streams(),
                stolen.percent());
    }

    private static Duration tool(Process backend) {
        return backend.info()
                .totalCpuDuration()
                .orElse(Duration.ZERO)
                .plus(ProcessHandle.current().info().totalCpuDuration().orElse(Duration.ZERO));
    }

    static void delete(Path folder) throws IOException {
        try (Stream<Path> all = Files.walk(folder)) {
            for (Path path : all.sorted(Comparator.reverseOrder()).toList()) {
                Files.deleteIfExists(path);
            }
        }
    }
}
