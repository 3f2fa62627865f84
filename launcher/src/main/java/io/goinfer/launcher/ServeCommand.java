// SPDX-License-Identifier: MIT
package io.goinfer.launcher;

import io.goinfer.proxy.Relay;
import io.goinfer.proxy.config.GoinferConfig;
import io.goinfer.proxy.config.Listen;
import io.goinfer.proxy.config.Service;
import io.goinfer.proxy.http.EdgeListener;
import io.goinfer.proxy.net.HostNames;
import io.goinfer.proxy.net.ServiceNotice;
import java.io.IOException;
import java.io.PrintWriter;
import java.net.URI;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code goinfer serve}: the relay, or standalone when backends are given. */
@Command(
        name = "serve",
        description =
                "The relay: API, keys, routing, and the tunnel that nodes dial. Standalone when backends are given.",
        mixinStandardHelpOptions = true,
        addMethodSubcommands = false,
        versionProvider = Version.class,
        footer = {
            "",
            "Examples:",
            "  goinfer serve                                      a relay on 0.0.0.0:8443 (TLS, QUIC) and 127.0.0.1:8080",
            "  goinfer serve --public-url https://gpu.example.com:8443",
            "  goinfer serve --backend http://127.0.0.1:8081      standalone on 127.0.0.1:8080",
            "  goinfer serve --listen 127.0.0.1:9000=openai,admin"
        })
final class ServeCommand implements Callable<Integer> {
    private static final int PLAIN_PORT = 8080;
    private static final int PUBLIC_PORT = 8443;

    @Mixin
    private CommonOptions common = new CommonOptions();

    @Option(
            names = "--listen",
            paramLabel = "ADDR[=SERVICES]",
            description =
                    "HOST:PORT and openai, models, goinfer, llama-swap, admin, tunnel; may be repeated; overrides the file")
    private List<String> listen = new ArrayList<>();

    @Option(
            names = "--public",
            description = "listen on 0.0.0.0:8443 for nodes and clients, also when backends are given")
    private boolean isPublic;

    @Option(
            names = "--public-url",
            paramLabel = "URL",
            description = "how nodes and clients reach this relay: https://HOST:PORT")
    private @Nullable String publicUrl;

    @Option(names = "--allow-plain-http", description = "allow listeners without TLS on other than loopback addresses")
    private boolean allowPlainHttp;

    @Option(
            names = {"--no-api-key", "-no-api-key"},
            description = "no key needed; loopback listeners only")
    private boolean noApiKey;

    @Spec
    private @Nullable CommandSpec spec;

    @Override
    public Integer call() throws Exception {
        PrintWriter out = Terminal.out(spec);
        FirstStart first = new FirstStart(common);
        GoinferConfig config = withPublicUrl(common.load(noApiKey));
        List<Listen> listeners = listeners(config);
        boolean swapOnly = first.configMissing() && asLlamaSwap(config, listeners);
        noApiKey |= swapOnly;
        check(listeners);
        Shutdown shutdown = Shutdown.install();
        if (swapOnly) {
            out.println("no API key is needed: the llama-swap.yml has no apiKeys, and only this machine can connect");
        } else {
            first.writeConfigIfMissing();
        }
        boolean firstKey = !noApiKey && first.makeAdminKey(config, out);
        Relay relay = new Relay(new Relay.Options(
                config,
                () -> common.load(noApiKey),
                listeners,
                noApiKey,
                common.state().resolve("relay"),
                HostNames.all(),
                Version.software()));
        if (firstKey) {
            FirstStart.announceJoin(relay, joinUrl(config, listeners), out);
        }
        announce(relay, config, out);
        Reload.watch(common, relay::reload);
        ServiceNotice.send(ServiceNotice.READY);
        shutdown.await();
        ServiceNotice.send(ServiceNotice.STOPPING);
        out.println("stopping: waiting up to " + config.limits().drain().toSeconds()
                + " s for running requests (again: at once)");
        relay.stop(config.limits().drain());
        LogSetup.flush();
        return 0;
    }

    /** A llama-swap.yml without keys, on loopback: it works as it did there. */
    private static boolean asLlamaSwap(GoinferConfig config, List<Listen> listeners) {
        return !config.models().swap().models().isEmpty()
                && config.models().swap().apiKeys().isEmpty()
                && config.server().apiKeys().isEmpty()
                && listeners.stream()
                        .allMatch(one -> one.loopback() && !one.services().contains(Service.TUNNEL));
    }

    private GoinferConfig withPublicUrl(GoinferConfig config) {
        if (publicUrl == null) {
            return config;
        }
        if (!publicUrl.matches("https://[^/\\s]+/?")) {
            throw new IllegalArgumentException("--public-url " + publicUrl + " (expected: https://HOST:PORT)");
        }
        GoinferConfig.Server server = config.server();
        return config.with(new GoinferConfig.Server(server.listen(), server.apiKeys(), server.origins(), publicUrl));
    }

    private List<Listen> listeners(GoinferConfig config) {
        if (!listen.isEmpty()) {
            String host = System.getenv().getOrDefault("GI_HOST", "localhost");
            return listen.stream().map(text -> parse(text, host)).toList();
        }
        if (!config.server().listen().isEmpty()) {
            return config.server().listen();
        }
        List<Listen> standard = new ArrayList<>();
        standard.add(new Listen("127.0.0.1", PLAIN_PORT, EnumSet.complementOf(EnumSet.of(Service.TUNNEL)), null));
        if (isPublic
                || publicUrl != null
                || config.node().backends().isEmpty() && !config.models().any()) {
            standard.add(new Listen(
                    "0.0.0.0", PUBLIC_PORT, EnumSet.of(Service.OPENAI, Service.ADMIN, Service.TUNNEL), null));
        }
        return standard;
    }

    private static Listen parse(String text, String host) {
        try {
            return Listen.parse(text, host);
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException("--listen " + e.getMessage(), e);
        }
    }

    private void check(List<Listen> listeners) {
        for (Listen one : listeners) {
            if (!one.loopback() && !one.usesTls() && !allowPlainHttp) {
                throw new IllegalArgumentException(
                        one + " would speak plain HTTP to the network; remove tls: false, or add --allow-plain-http");
            }
            if (noApiKey && !one.loopback()) {
                throw new IllegalArgumentException(
                        one
                                + " is not loopback: --no-api-key would open it to everybody; remove the flag, or listen on 127.0.0.1");
            }
        }
    }

    /** How nodes reach the tunnel; null if there is none. */
    private static @Nullable String joinUrl(GoinferConfig config, List<Listen> listeners) {
        Listen tunnel = listeners.stream()
                .filter(one -> one.services().contains(Service.TUNNEL))
                .findFirst()
                .orElse(null);
        if (tunnel == null) {
            return null;
        }
        String url = config.server().publicUrl();
        if (url != null) {
            return URI.create(url).toString().replaceAll("/$", "");
        }
        String host = tunnel.loopback() ? tunnel.host() : HostNames.reachable().orElse("<this machine's address>");
        return "https://" + (host.contains(":") ? "[" + host + "]" : host) + ":" + tunnel.port();
    }

    private void announce(Relay relay, GoinferConfig config, PrintWriter out) throws IOException {
        for (EdgeListener edge : relay.edges()) {
            if (edge.listen().services().contains(Service.OPENAI)) {
                boolean tls = edge.listen().usesTls();
                String base = base(edge);
                out.println("try: curl " + (tls ? "--cacert " + relay.caFile() + " " : "")
                        + (noApiKey ? "" : "-H \"Authorization: Bearer $KEY\" ") + base + "/v1/models");
                break;
            }
        }
        out.println("ready: "
                + relay.edges().stream()
                        .map(edge -> base(edge) + " (" + services(edge.listen().services()) + ")")
                        .collect(Collectors.joining(", "))
                + (config.node().backends().isEmpty()
                        ? ""
                        : "; backends: "
                                + config.node().backends().stream()
                                        .map(backend -> backend.url().toString())
                                        .collect(Collectors.joining(", "))));
    }

    private static String base(EdgeListener edge) {
        String host = edge.listen().host();
        return (edge.listen().usesTls() ? "https://" : "http://") + (host.contains(":") ? "[" + host + "]" : host) + ":"
                + edge.address().getPort();
    }

    private static String services(Set<Service> services) {
        return services.stream().sorted().map(Service::word).collect(Collectors.joining(","));
    }
}
