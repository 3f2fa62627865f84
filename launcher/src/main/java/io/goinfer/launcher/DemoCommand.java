// SPDX-License-Identifier: MIT
package io.goinfer.launcher;

import io.goinfer.bench.llama.SimulatedLlama;
import io.goinfer.bench.llama.Simulation;
import io.goinfer.proxy.Node;
import io.goinfer.proxy.Relay;
import io.goinfer.proxy.agent.NodeLink;
import io.goinfer.proxy.agent.RelayAddress;
import io.goinfer.proxy.config.BackendConfig;
import io.goinfer.proxy.config.GoinferConfig;
import io.goinfer.proxy.config.Listen;
import io.goinfer.proxy.config.Service;
import io.goinfer.proxy.config.Transport;
import io.goinfer.proxy.keys.Role;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.net.HttpURLConnection;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Comparator;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code goinfer demo}: relay, node and a model in one process, over the real QUIC tunnel. */
@Command(
        name = "demo",
        description = "Relay, node and a model on this machine in one go, over the real QUIC tunnel. Nothing is kept.",
        mixinStandardHelpOptions = true,
        footer = {"", "Examples:", "  goinfer demo", "  goinfer demo --backend http://127.0.0.1:8081"})
final class DemoCommand implements Callable<Integer> {
    private static final String QUESTION = "Say hello to the world.";
    private static final double TOKENS_PER_SECOND = 40;
    private static final int WAIT_SECONDS = 30;

    @Option(names = "--port", defaultValue = "0", description = "port of the API (default: a free one)")
    private int port;

    @Option(names = "--once", description = "end after the answer; exit 1 if it did not come over QUIC")
    private boolean once;

    @Option(
            names = "--backend",
            paramLabel = "URL",
            description = "a llama-server that runs (default: a simulated one)")
    private @Nullable String backend;

    @Option(
            names = "--model",
            paramLabel = "FILE",
            description = "a GGUF file (default: the smallest chat model in GI_MODELS_DIR)")
    private @Nullable Path model;

    @Option(
            names = {"-v", "--verbose"},
            description = "show the log")
    private boolean verbose;

    @Spec
    private @Nullable CommandSpec spec;

    @Override
    public Integer call() throws Exception {
        PrintWriter out = Terminal.out(spec);
        LogSetup.level(!verbose, verbose);
        Path folder = Files.createTempDirectory("goinfer-demo");
        DemoModel real =
                backend == null ? DemoModel.find(model, System.getenv()).orElse(null) : null;
        if (real == null && model != null) {
            throw new IllegalArgumentException("--model needs a llama-server: on the PATH, or named by GI_LLAMA_EXE");
        }
        SimulatedLlama simulated = backend == null && real == null
                ? SimulatedLlama.start(Simulation.quick("simulated").withRate(TOKENS_PER_SECOND), 0)
                : null;
        try {
            GoinferConfig empty = GoinferConfig.defaults();
            if (real != null) {
                out.println("serving: " + real.file() + " with " + real.llamaServer());
                return run(out, folder, empty.with(real.config()));
            }
            String url = simulated == null ? String.valueOf(backend) : simulated.url();
            out.println("serving: "
                    + (simulated == null
                            ? url
                            : "a simulated llama-server at " + url
                                    + " (a real one: GI_LLAMA_EXE and GI_MODELS_DIR, --model FILE or --backend URL)"));
            return run(
                    out,
                    folder,
                    empty.with(new GoinferConfig.NodeConfig(
                            null, List.of(), Transport.AUTO, false, List.of(BackendConfig.parse(url)))));
        } finally {
            if (simulated != null) {
                simulated.close();
            }
            delete(folder);
            LogSetup.flush();
        }
    }

    private int run(PrintWriter out, Path folder, GoinferConfig nodeConfig) throws Exception {
        GoinferConfig empty = GoinferConfig.defaults();
        List<Listen> listen = List.of(
                new Listen("127.0.0.1", port, EnumSet.of(Service.OPENAI, Service.ADMIN), null),
                new Listen("127.0.0.1", 0, EnumSet.of(Service.TUNNEL), null));
        Relay relay = new Relay(new Relay.Options(
                empty, () -> empty, listen, false, folder.resolve("relay"), Set.of(), Version.software()));
        String key = relay.keys().create("demo", Role.ADMIN).text();
        String token = relay.commands().run("token create", Map.of()).get(0).get("token");
        CompletableFuture<String> transport = new CompletableFuture<>();
        Node node = new Node(
                new Node.Options(
                        nodeConfig,
                        () -> nodeConfig,
                        List.of(new RelayAddress(
                                "127.0.0.1", relay.edges().get(1).address().getPort())),
                        token,
                        "demo-node",
                        folder.resolve("node"),
                        Version.software(),
                        NodeLink.Resolver::system),
                (address, name, kind, roundTrip) -> transport.complete(
                        kind.equals("quic") ? "QUIC, round trip " + roundTrip.toNanos() / 1_000 + " us" : kind));
        try {
            String base = "http://127.0.0.1:" + relay.edges().get(0).address().getPort() + "/v1";
            String how = transport.get(WAIT_SECONDS, TimeUnit.SECONDS);
            out.println("tunnel: " + how);
            String name = model(relay);
            int tokens = ask(out, base, key, name);
            out.println();
            if (tokens == 0 || !how.startsWith("QUIC")) {
                out.println("no token came over QUIC");
                return 1;
            }
            if (once) {
                return 0;
            }
            out.println("base URL: " + base);
            out.println("API key:  " + key);
            out.println("try: curl -N " + base + "/chat/completions -H 'Authorization: Bearer " + key
                    + "' -d '{\"model\":\"" + name
                    + "\",\"stream\":true,\"messages\":[{\"role\":\"user\",\"content\":\"Hello\"}]}'");
            out.println("Ctrl-C ends it, nothing is kept");
            Shutdown.install().await();
            return 0;
        } finally {
            node.stop(Duration.ofSeconds(1));
            relay.stop(Duration.ofSeconds(1));
        }
    }

    /** The first model of the node, as soon as it is there. */
    private static String model(Relay relay) throws InterruptedException, IOException {
        CompletableFuture<String> first = new CompletableFuture<>();
        Runnable look = () -> relay.fleet().catalog().models().stream()
                .filter(model -> !model.places().isEmpty())
                .findFirst()
                .ifPresent(model -> first.complete(model.id()));
        relay.fleet().onChange(look);
        look.run();
        try {
            return first.get(WAIT_SECONDS, TimeUnit.SECONDS);
        } catch (java.util.concurrent.ExecutionException | java.util.concurrent.TimeoutException e) {
            throw new IOException("the backend shows no model within " + WAIT_SECONDS + " s", e);
        }
    }

    /** Prints question and answer as it streams; returns how many events carried text. */
    static int ask(PrintWriter out, String base, String key, String model) throws IOException {
        out.println("> " + QUESTION);
        HttpURLConnection call = (HttpURLConnection)
                URI.create(base + "/chat/completions").toURL().openConnection();
        call.setDoOutput(true);
        call.setRequestProperty("Authorization", "Bearer " + key);
        call.setRequestProperty("Content-Type", "application/json");
        String body = "{\"model\":\"" + model
                + "\",\"stream\":true,\"max_tokens\":24,\"messages\":[{\"role\":\"user\",\"content\":\"" + QUESTION
                + "\"}]}";
        call.getOutputStream().write(body.getBytes(StandardCharsets.UTF_8));
        int tokens = 0;
        if (call.getResponseCode() != 200) {
            throw new IOException("the answer was " + call.getResponseCode());
        }
        try (BufferedReader in =
                new BufferedReader(new InputStreamReader(call.getInputStream(), StandardCharsets.UTF_8))) {
            for (String line = in.readLine(); line != null; line = in.readLine()) {
                String text = Events.content(line);
                if (!text.isEmpty()) {
                    tokens++;
                    out.print(Printable.text(text));
                    out.flush();
                }
            }
        }
        return tokens;
    }

    static void delete(Path folder) {
        try (Stream<Path> all = Files.walk(folder)) {
            all.sorted(Comparator.reverseOrder()).forEach(path -> {
                try {
                    Files.delete(path);
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            });
        } catch (IOException | UncheckedIOException e) {
            org.slf4j.LoggerFactory.getLogger("goinfer").warn("{} could not be removed", folder);
        }
    }
}
