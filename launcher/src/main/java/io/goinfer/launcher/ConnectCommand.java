// SPDX-License-Identifier: MIT
package io.goinfer.launcher;

import io.goinfer.proxy.Node;
import io.goinfer.proxy.agent.NodeLink;
import io.goinfer.proxy.agent.RelayAddress;
import io.goinfer.proxy.config.GoinferConfig;
import io.goinfer.proxy.config.Transport;
import io.goinfer.proxy.net.HostNames;
import io.goinfer.proxy.net.ServiceNotice;
import java.io.BufferedReader;
import java.io.Console;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code goinfer connect}: the node. */
@Command(
        name = "connect",
        description =
                "The node, beside the GPU: dials a relay and serves its requests from local backends. No inbound port is opened.",
        mixinStandardHelpOptions = true,
        addMethodSubcommands = false,
        versionProvider = Version.class,
        footer = {
            "",
            "Examples:",
            "  goinfer connect https://gpu.example.com:8443 --token-file token.txt --backend http://127.0.0.1:8081",
            "  goinfer connect                                    again later: the relays of goinfer.yml or of the last time"
        })
final class ConnectCommand implements Callable<Integer> {
    @Mixin
    private CommonOptions common = new CommonOptions();

    @Parameters(paramLabel = "URL", arity = "0..*", description = "https://HOST:PORT of each relay")
    private List<String> relays = new ArrayList<>();

    @Option(
            names = "--token-file",
            paramLabel = "FILE",
            description = "join token, needed once; - reads standard input (also: GI_JOIN_TOKEN)")
    private @Nullable String tokenFile;

    @Option(names = "--name", paramLabel = "NAME", description = "this node's name (default: the host's name)")
    private @Nullable String name;

    @Option(
            names = "--transport",
            paramLabel = "auto|quic|tcp",
            description = "auto: QUIC, and TCP where no UDP passes (default: node.transport, or auto)")
    private @Nullable String transport;

    @Spec
    private @Nullable CommandSpec spec;

    @Override
    public Integer call() throws Exception {
        PrintWriter out = Terminal.out(spec);
        GoinferConfig config = withTransport(common.load());
        Path state = common.state().resolve("node");
        List<RelayAddress> addresses = addresses(config, state);
        String configured = config.node().name();
        String wished = name != null ? name : configured != null ? configured : HostNames.hostName();
        String token = token(addresses, state);
        Shutdown shutdown = Shutdown.install();
        if (config.node().backends().isEmpty() && !config.models().any()) {
            out.println(
                    "no backend: this node will have no models; give models_dir or a llama-swap.yml, or --backend http://127.0.0.1:PORT for a llama-server that runs");
        }
        Node node = new Node(
                new Node.Options(
                        config,
                        common::load,
                        addresses,
                        token,
                        wished,
                        state,
                        Version.software(),
                        NodeLink.Resolver::system),
                (relay, nodeName, transport, roundTrip) ->
                        out.println("connected: " + relay + " as " + Printable.line(nodeName) + " over " + transport
                                + ", round trip " + roundTrip.toNanos() / 1_000 + " us"));
        Files.write(
                state.resolve("relays"),
                addresses.stream().map(RelayAddress::toString).toList());
        Reload.watch(common, node::reload);
        ServiceNotice.send(ServiceNotice.READY);
        shutdown.await();
        ServiceNotice.send(ServiceNotice.STOPPING);
        out.println("stopping: waiting up to " + config.limits().drain().toSeconds()
                + " s for running requests (again: at once)");
        node.stop(config.limits().drain());
        LogSetup.flush();
        return 0;
    }

    private GoinferConfig withTransport(GoinferConfig config) {
        if (transport == null) {
            return config;
        }
        GoinferConfig.NodeConfig node = config.node();
        Transport chosen = Arrays.stream(Transport.values())
                .filter(one -> one.toString().equals(transport))
                .findFirst()
                .orElseThrow(() ->
                        new IllegalArgumentException("--transport " + transport + " (expected: auto, quic or tcp)"));
        return config.with(
                new GoinferConfig.NodeConfig(node.name(), node.relays(), chosen, node.standby(), node.backends()));
    }

    private List<RelayAddress> addresses(GoinferConfig config, Path state) throws IOException {
        List<String> texts = relays;
        if (texts.isEmpty()) {
            texts = config.node().relays();
        }
        Path last = state.resolve("relays");
        if (texts.isEmpty() && Files.exists(last)) {
            texts = Files.readAllLines(last);
        }
        if (texts.isEmpty()) {
            throw new IllegalArgumentException(
                    "no relay: goinfer connect https://HOST:8443, or node.relays in goinfer.yml");
        }
        return texts.stream().map(RelayAddress::parse).toList();
    }

    /** From a file, the environment, standard input or, at a terminal, a question; never from the command line. */
    private @Nullable String token(List<RelayAddress> addresses, Path state) throws IOException {
        if ("-".equals(tokenFile)) {
            BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
            return in.readLine();
        }
        if (tokenFile != null) {
            return Files.readString(Path.of(tokenFile));
        }
        String variable = System.getenv("GI_JOIN_TOKEN");
        if (variable != null && !variable.isBlank()) {
            return variable;
        }
        boolean enrolled = addresses.stream()
                .allMatch(
                        relay -> Files.exists(state.resolve(relay.folderName()).resolve("identity.pem")));
        Console console = System.console();
        return enrolled || console == null
                ? null
                : console.readLine("join token (goinfer token create on the relay): ");
    }
}
