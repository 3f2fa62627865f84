// SPDX-License-Identifier: MIT
package io.goinfer.launcher;

import io.goinfer.bench.Bench;
import io.goinfer.bench.Faults;
import io.goinfer.bench.Load;
import io.goinfer.bench.LoadDriver;
import io.goinfer.bench.LoadResult;
import io.goinfer.bench.OutageSeries;
import io.goinfer.bench.OutageTrial;
import io.goinfer.bench.Outages;
import io.goinfer.bench.Report;
import io.goinfer.bench.Scenario;
import io.goinfer.bench.Soak;
import io.goinfer.bench.llama.SimulatedLlama;
import io.goinfer.bench.llama.Simulation;
import io.goinfer.proxy.Node;
import io.goinfer.proxy.agent.RelayAddress;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code goinfer bench}: our numbers, repeatable by anyone. */
@Command(
        name = "bench",
        description =
                "Compare direct, standalone and tunnel over a simulated llama-server on this machine, in about two minutes.",
        mixinStandardHelpOptions = true,
        footer = {"", "Examples:", "  goinfer bench", "  goinfer bench --streams 200 --seconds 3 --markdown report.md"})
final class BenchCommand implements Callable<Integer> {
    @Option(names = "--rounds", defaultValue = "3", description = "counted rounds (default: 3)")
    private int rounds;

    @Option(names = "--streams", defaultValue = "1000", description = "streams of the large load (default: 1000)")
    private int streams;

    @Option(names = "--rate", defaultValue = "20", description = "events a second of each (default: 20)")
    private double rate;

    @Option(names = "--seconds", defaultValue = "5", description = "length of each load (default: 5)")
    private int seconds;

    @Option(names = "--json", paramLabel = "FILE", description = "write the figures there")
    private @Nullable Path json;

    @Option(names = "--markdown", paramLabel = "FILE", description = "write the report there")
    private @Nullable Path markdown;

    @CommandLine.Spec
    private CommandLine.Model.@Nullable CommandSpec spec;

    @Override
    public Integer call() throws Exception {
        PrintWriter err = Terminal.err(spec);
        if (rounds < 1 || streams < 1 || streams > 10_000 || rate <= 0 || seconds < 1) {
            throw new IllegalArgumentException("rounds, rate and seconds must be at least 1, streams 1 to 10000");
        }
        Report report = new Bench(new Bench.Options(self(), rounds, streams, rate, seconds), err).run();
        Terminal.out(spec).println(report.table());
        if (json != null) {
            Files.writeString(json, report.json());
        }
        if (markdown != null) {
            Files.writeString(markdown, report.markdown());
        }
        return 0;
    }

    /** The command line that starts this very program. */
    static List<String> self() {
        List<String> command = new ArrayList<>();
        command.add(ProcessHandle.current().info().command().orElse("java"));
        command.addAll(java.lang.management.ManagementFactory.getRuntimeMXBean().getInputArguments());
        command.addAll(List.of("-cp", System.getProperty("java.class.path"), Goinfer.class.getName()));
        return command;
    }

    @Command(
            description = "The simulated llama-server alone, for benches of other programs.",
            mixinStandardHelpOptions = true)
    int backend(
            @Option(names = "--port", defaultValue = "8081", description = "port on 127.0.0.1 (default: 8081)")
                    int port,
            @Option(names = "--slots", defaultValue = "4", description = "requests that run at once (default: 4)")
                    int slots,
            @Option(
                            names = "--rate",
                            defaultValue = "0",
                            description = "tokens a second of each, 0 = as fast as possible")
                    double tokenRate)
            throws InterruptedException {
        SimulatedLlama llama =
                SimulatedLlama.start(Simulation.quick("sim").withSlots(slots).withRate(tokenRate), port);
        Terminal.out(spec).println("simulated llama-server on " + llama.url());
        llama.awaitClose();
        return 0;
    }

    @Command(
            description =
                    "Streams through a relay and a node of this machine, with a bad network between them: links that die, NAT that"
                            + " forgets, loss. Exit 1 if a stream breaks, or loses, doubles or changes a token; of the outages also if a"
                            + " new request is answered later than 1 s after the line is back.",
            mixinStandardHelpOptions = true)
    int faults(
            @Option(
                            names = "--only",
                            paramLabel = "NAME",
                            split = ",",
                            description = "these faults, not all; outages, random ones, run only if they are named")
                    @Nullable
                    List<String> only,
            @Option(names = "--list", description = "name the faults and end") boolean list,
            @Option(
                            names = "--streams",
                            description = "streams at once (default: 32; of the outages 16 on each of up to 10 lines)")
                    @Nullable
                    Integer count,
            @Option(names = "--rate", defaultValue = "20", description = "events a second of each (default: 20)")
                    double eventRate,
            @Option(names = "--count", defaultValue = "200", description = "outages (default: 200)") int outages,
            @Option(names = "--seed", description = "of the outages (default: a new one)") @Nullable Long seed)
            throws Exception {
        List<Scenario> scenarios = Scenario.all();
        List<String> names =
                new ArrayList<>(scenarios.stream().map(Scenario::name).toList());
        List<String> wanted = only == null ? List.copyOf(names) : only;
        names.add(Outages.NAME);
        if (list) {
            names.forEach(Terminal.out(spec)::println);
            return 0;
        }
        for (String name : wanted) {
            if (!names.contains(name)) {
                throw new IllegalArgumentException("no fault " + name + "; there are " + String.join(", ", names));
            }
        }
        if (outages < 1) {
            throw new IllegalArgumentException("--count must be at least 1");
        }
        List<Scenario> chosen =
                scenarios.stream().filter(one -> wanted.contains(one.name())).toList();
        boolean good = chosen.isEmpty()
                || new Faults(
                                new Faults.Options(self(), chosen, count == null ? 32 : count, eventRate),
                                Terminal.out(spec))
                        .run();
        if (wanted.contains(Outages.NAME)) {
            Outages.Options options = new Outages.Options(
                    self(), outages, orNew(seed), new OutageTrial.Streams(count == null ? 16 : count, eventRate));
            OutageSeries series = new Outages(options, Terminal.out(spec)).run();
            good &= series.broken() == 0 && series.missed() == 0;
        }
        return good ? 0 : 1;
    }

    private static long orNew(@Nullable Long seed) {
        return seed == null ? System.nanoTime() & 0xffff : seed;
    }

    @Command(
            description =
                    "A mixed load for long: streams, transfers, clients that leave, a link that fails. Exit 1 if a stream breaks, or if"
                            + " memory, descriptors, streams or credit are not back at their base when all is quiet.",
            mixinStandardHelpOptions = true)
    int soak(
            @Option(names = "--seconds", defaultValue = "600", description = "how long (default: 600)") int length,
            @Option(names = "--turn", defaultValue = "40", description = "seconds between two looks (default: 40)")
                    int turn,
            @Option(
                            names = "--transport",
                            paramLabel = "auto|quic|tcp",
                            defaultValue = "auto",
                            description = "of the node (default: auto)")
                    String transport,
            @Option(names = "--seed", description = "of what happens when (default: a new one)") @Nullable Long seed)
            throws Exception {
        if (length < 1 || turn < 1) {
            throw new IllegalArgumentException("--seconds and --turn must be at least 1");
        }
        Soak.Options soak = new Soak.Options(
                self(),
                List.of("--transport", transport),
                Duration.ofSeconds(length),
                Duration.ofSeconds(turn),
                orNew(seed));
        return new Soak(soak, Terminal.out(spec)).run() ? 0 : 1;
    }

    @Command(
            description =
                    "Many nodes of one relay, which is killed and started again: how long until all are back, and whether the relay"
                            + " answers others meanwhile. Exit 1 if a node stays away.",
            mixinStandardHelpOptions = true)
    int nodes(@Option(names = "--count", defaultValue = "500", description = "nodes (default: 500)") int count)
            throws Exception {
        if (count < 1 || count > 2_000) {
            throw new IllegalArgumentException("--count must be 1 to 2000");
        }
        LogSetup.errorsOnly();
        return new ManyNodes(self(), Terminal.out(spec), count).run() ? 0 : 1;
    }

    @Command(
            hidden = true,
            description = "The nodes of bench nodes, until the end of the standard input.",
            mixinStandardHelpOptions = true)
    int crowd(
            @Parameters(paramLabel = "FOLDER", description = "where they are enrolled") Path folder,
            @Option(names = "--port", required = true, description = "the relay's on 127.0.0.1") int port,
            @Option(names = "--count", required = true, description = "nodes") int count)
            throws Exception {
        LogSetup.errorsOnly();
        List<Node> unused = NodeCrowd.start(folder, new RelayAddress("127.0.0.1", port), count, Terminal.out(spec));
        // Until the one who started this process is gone.
        while (System.in.read() >= 0) {}
        return 0;
    }

    @Command(
            description = "One load against a server that runs on this machine, for benches of other programs.",
            mixinStandardHelpOptions = true)
    int load(
            @Option(names = "--port", required = true, description = "port on 127.0.0.1") int port,
            @Option(names = "--key-file", paramLabel = "FILE", description = "file with the API key") @Nullable
                    Path keyFile,
            @Option(names = "--model", defaultValue = "sim", description = "model to ask for (default: sim)")
                    String model,
            @Option(names = "--streams", defaultValue = "100", description = "requests (default: 100)") int requests,
            @Option(names = "--tokens", defaultValue = "100", description = "events of each (default: 100)") int tokens,
            @Option(names = "--rate", defaultValue = "20", description = "events a second, 0 = at once (default: 20)")
                    double eventRate,
            @Option(
                            names = "--starts",
                            defaultValue = "50",
                            description = "requests a second, 0 = one after the other (default: 50)")
                    double starts)
            throws Exception {
        String key = keyFile == null ? "" : Files.readString(keyFile).strip();
        try (LoadDriver driver = new LoadDriver()) {
            double seconds =
                    (starts == 0 ? requests / 100.0 : requests / starts) + (eventRate == 0 ? 0 : tokens / eventRate);
            LoadResult result = driver.run(
                    new LoadDriver.Target(port, key, model),
                    new Load(requests, tokens, eventRate, starts, Duration.ofSeconds((long) seconds * 3 + 30)));
            Terminal.out(spec).println(Report.line(result));
            return result.errors() == 0 ? 0 : 1;
        }
    }
}
