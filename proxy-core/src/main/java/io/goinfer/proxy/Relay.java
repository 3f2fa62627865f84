// SPDX-License-Identifier: MIT
package io.goinfer.proxy;

import io.goinfer.certs.CertificateAuthority;
import io.goinfer.certs.Enrollment;
import io.goinfer.certs.Identity;
import io.goinfer.certs.JoinToken;
import io.goinfer.certs.NodeTrust;
import io.goinfer.certs.StateFile;
import io.goinfer.proxy.admin.AdminCommands;
import io.goinfer.proxy.admin.LocalSocket;
import io.goinfer.proxy.config.GoinferConfig;
import io.goinfer.proxy.config.Listen;
import io.goinfer.proxy.config.Service;
import io.goinfer.proxy.config.swap.SwapConfig;
import io.goinfer.proxy.control.MachineControl;
import io.goinfer.proxy.control.ModelControl;
import io.goinfer.proxy.control.Reloader;
import io.goinfer.proxy.fleet.Fleet;
import io.goinfer.proxy.fleet.Nodes;
import io.goinfer.proxy.fleet.TunnelMetrics;
import io.goinfer.proxy.http.EdgeListener;
import io.goinfer.proxy.http.EdgeRules;
import io.goinfer.proxy.http.Endpoints;
import io.goinfer.proxy.http.EnrollEndpoint;
import io.goinfer.proxy.http.Requests;
import io.goinfer.proxy.keys.ApiKeys;
import io.goinfer.proxy.metrics.Captures;
import io.goinfer.proxy.metrics.Metrics;
import io.goinfer.proxy.net.ByteBudget;
import io.goinfer.proxy.net.ConnectionLimit;
import io.goinfer.proxy.net.EventLoops;
import io.goinfer.proxy.net.StateLock;
import io.goinfer.proxy.net.TlsContexts;
import io.goinfer.proxy.route.Router;
import io.goinfer.tunnel.quic.BootKey;
import io.goinfer.tunnel.quic.QuicListener;
import io.goinfer.tunnel.quic.QuicTls;
import io.goinfer.tunnel.tcp.TcpUpgrade;
import io.netty.handler.ssl.SslHandler;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** {@code goinfer serve}: listeners, fleet of nodes, local backends. Thread-safe; construction blocks. */
public final class Relay implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Relay.class);
    private static final int ANY_PORT_ATTEMPTS = 5;
    private static final long SETTLING_NANOS = TimeUnit.SECONDS.toNanos(5);
    private static final long REPLAY_BYTES = 32L << 20;
    private static final long PIPELINED_BYTES = 16L << 20;
    private static final Duration ACCEPT_WHILE_DRAINING = Duration.ofSeconds(5);
    private static final long RETURNING_MILLIS = 100;
    private static final Duration LAST_WORDS = Duration.ofSeconds(2);
    private static final Duration ARRIVING = Duration.ofMillis(400);

    /**
     * @param listen at least one
     * @param noApiKey only with loopback listeners
     * @param stateFolder {@code relay/} under the state directory
     * @param source of {@code config}, for reading it again
     * @param hosts names and addresses for the relay's certificate
     */
    public record Options(
            GoinferConfig config,
            Reloader.Source source,
            List<Listen> listen,
            boolean noApiKey,
            Path stateFolder,
            Set<String> hosts,
            String software) {}

    private final Options options;
    private final EventLoops loops = new EventLoops("relay");
    private final StateLock lock;
    private final ApiKeys keys;
    private final CertificateAuthority ca;
    private final Enrollment enrollment;
    private final Fleet fleet = new Fleet(InstantSource.system());
    private final Nodes nodes;
    private final AdminCommands commands;
    private final Backends backends;
    private final Locals locals;
    private final Reloader reloader;
    private final ConnectionLimit clients;
    private final List<EdgeListener> edges = new ArrayList<>();
    private final List<QuicListener> tunnels = new ArrayList<>();
    private final LocalSocket socket;
    private final Metrics metrics = new Metrics();
    private final AtomicBoolean closed = new AtomicBoolean();
    private final long startedAt = System.nanoTime();
    private volatile boolean draining;

    /** @throws IOException with a text for a person: state in use, port taken, unreadable files */
    public Relay(Options options) throws IOException, GeneralSecurityException {
        this.options = options;
        Path folder = options.stateFolder();
        this.lock = lock(folder);
        boolean done = false;
        try {
            InstantSource clock = InstantSource.system();
            this.keys = new ApiKeys(folder, configuredKeys(options.config()), clock);
            this.ca = CertificateAuthority.open(folder, clock);
            this.enrollment = new Enrollment(ca, folder);
            this.nodes = new Nodes(enrollment, fleet, options.config().limits().resume());
            this.commands = new AdminCommands(enrollment, keys, trust(options.config()), nodes, fleet);
            this.backends = new Backends(
                    options.config().node().backends(),
                    options.config().limits().queue(),
                    loops,
                    fleet);
            this.locals = new Locals(options.config(), loops, fleet);
            this.clients = new ConnectionLimit(
                    options.config().limits().connections(),
                    options.config().limits().connectionsPerAddress());
            this.reloader = new Reloader(options.source(), locals::reload, loops.blocking());
            Router router = new Router(fleet::catalog, this::settling);
            SwapConfig.Settings swap = options.config().models().swap().settings();
            Requests requests = Requests.of(
                    router,
                    swap.metricsInMemory(),
                    new Captures((long) swap.captureMegabytes() << 20, loops.blocking()),
                    options.config().models().defaultModel());
            EnrollEndpoint enroll = new EnrollEndpoint(enrollment, ca, loops.blocking());
            EdgeRules rules = new EdgeRules(
                    options.noApiKey() ? null : keys,
                    options.config().server().origins(),
                    new Endpoints(
                            router,
                            new ModelControl(
                                    locals.models(), reloader, new MachineControl(loops, swap.performanceEvery())),
                            fleet::controls,
                            requests,
                            metrics,
                            () -> draining,
                            enroll,
                            loops),
                    router,
                    options.config().limits(),
                    new ByteBudget(),
                    new ByteBudget(REPLAY_BYTES),
                    new ByteBudget(PIPELINED_BYTES),
                    metrics,
                    requests,
                    clients,
                    () -> draining);
            gauges(rules);
            // Before the listeners: who sees /health can use the commands.
            this.socket = LocalSocket.serve(folder, commands);
            bindAll(rules);
            done = true;
        } finally {
            if (!done) {
                closeListeners();
                LocalSocket.remove(folder);
                loops.close();
                lock.close();
            }
        }
        backends.start();
        locals.start();
    }

    /** @throws IOException if another process has the folder */
    public static StateLock lock(Path folder) throws IOException {
        return StateLock.take(folder)
                .orElseThrow(() -> new IOException(
                        "the state folder " + folder + " is in use by process " + StateLock.holder(folder)));
    }

    private static Map<String, String> configuredKeys(GoinferConfig config) {
        Map<String, String> keys = new LinkedHashMap<>(config.server().apiKeys());
        List<String> swap = config.models().swap().apiKeys();
        for (int i = 0; i < swap.size(); i++) {
            keys.put("llama-swap-" + (i + 1), swap.get(i));
        }
        return keys;
    }

    private void gauges(EdgeRules rules) {
        metrics.gauge(
                "goinfer_client_connections",
                "Connections of clients.",
                () -> rules.connections().open());
        metrics.gauge(
                "goinfer_client_connections_refused",
                "Connections over a limit, since the start.",
                () -> rules.connections().refused());
        TunnelMetrics.register(metrics, nodes);
        metrics.gauge(
                "goinfer_models_slots",
                "Slots of this machine's loaded models.",
                () -> locals.models().load().slots());
        metrics.gauge(
                "goinfer_models_busy",
                "Slots at work.",
                () -> locals.models().load().busy());
        metrics.gauge(
                "goinfer_models_queued",
                "Requests that wait for a model of this machine, or for a slot.",
                () -> locals.models().load().queued());
        metrics.gauge(
                "goinfer_select_held_bytes",
                "Held back while models are looked for.",
                () -> rules.budget().used());
    }

    private void bindAll(EdgeRules rules) throws IOException, GeneralSecurityException {
        NodeTrust clients = new NodeTrust(ca.certificate());
        Identity identity = null;
        BootKey bootKey = null;
        for (Listen listen : options.listen()) {
            boolean tunnel = listen.services().contains(Service.TUNNEL);
            Supplier<SslHandler> tls = null;
            if (listen.usesTls()) {
                identity = identity == null ? identity() : identity;
                tls = TlsContexts.server(identity, tunnel ? clients : null);
            }
            if (tunnel && identity != null) {
                bootKey = bootKey == null ? bootKey() : bootKey;
                bindBoth(listen, rules, tls, identity, clients, bootKey);
            } else {
                edges.add(EdgeListener.bind(listen, rules, loops, tls, null));
            }
        }
    }

    /** TCP and UDP on one port. Where any will do, one that is free for TCP may be taken for UDP: another is tried. */
    private void bindBoth(
            Listen listen,
            EdgeRules rules,
            @Nullable Supplier<SslHandler> tls,
            Identity identity,
            NodeTrust clients,
            BootKey bootKey)
            throws IOException {
        for (int attempt = 1; ; attempt++) {
            EdgeListener edge = EdgeListener.bind(listen, rules, loops, tls, upgrade());
            try {
                tunnels.add(bindTunnel(edge.address(), identity, clients, bootKey));
                edges.add(edge);
                return;
            } catch (IOException e) {
                edge.close();
                if (listen.port() != 0 || attempt == ANY_PORT_ATTEMPTS) {
                    throw e;
                }
            }
        }
    }

    /** For nodes whose network lets no UDP pass: the same tunnel through the TCP port. */
    private TcpUpgrade.Options upgrade() {
        return new TcpUpgrade.Options(nodes, options.config().limits().streams(), options.software());
    }

    private QuicListener bindTunnel(InetSocketAddress address, Identity identity, NodeTrust clients, BootKey bootKey)
            throws IOException {
        QuicListener listener = new QuicListener(
                new QuicListener.Options(
                        address,
                        QuicTls.relay(identity.key(), identity.chain(), clients),
                        bootKey,
                        nodes,
                        options.config().limits().streams(),
                        options.software()),
                loops.next());
        var bound = listener.bind().awaitUninterruptibly();
        if (!bound.isSuccess()) {
            throw new IOException(address + " (UDP): " + bound.cause().getMessage(), bound.cause());
        }
        return listener;
    }

    private Identity identity() throws IOException, GeneralSecurityException {
        GoinferConfig.Tls tls = options.config().tls();
        if (tls.certificate() != null && tls.key() != null) {
            return TlsContexts.load(Path.of(tls.certificate()), Path.of(tls.key()), ca.certificate());
        }
        Set<String> hosts = new LinkedHashSet<>(options.hosts());
        String publicUrl = options.config().server().publicUrl();
        if (publicUrl != null) {
            hosts.add(URI.create(publicUrl).getHost());
        }
        return ca.relayIdentity(hosts);
    }

    /** Kept, so that nodes of the process before recognise our boot notices. */
    private BootKey bootKey() throws IOException {
        Path file = options.stateFolder().resolve("boot.key");
        if (!Files.exists(file)) {
            byte[] key = new byte[BootKey.BYTES];
            new SecureRandom().nextBytes(key);
            StateFile.write(file, key);
        }
        return new BootKey(Files.readAllBytes(file));
    }

    /** A certificate of one's own is verified by the system's roots, the relay's CA by its pin. */
    public static JoinToken.Trust trust(GoinferConfig config) {
        return config.tls().certificate() == null ? JoinToken.Trust.PIN : JoinToken.Trust.PUBLIC;
    }

    public AdminCommands commands() {
        return commands;
    }

    public ApiKeys keys() {
        return keys;
    }

    public Fleet fleet() {
        return fleet;
    }

    public Nodes nodes() {
        return nodes;
    }

    public Path caFile() {
        return options.stateFolder().resolve("ca.crt");
    }

    public List<EdgeListener> edges() {
        return List.copyOf(edges);
    }

    /** /health 503 and GOAWAY at once; accepts 5 s longer while a node is connected; then waits for running exchanges. Blocking. */
    public void stop(Duration deadline) {
        long end = System.nanoTime() + deadline.toNanos();
        draining = true;
        boolean anyNode = !nodes.connected().isEmpty();
        nodes.drain(deadline, "the relay is stopping");
        edges.forEach(EdgeListener::drain);
        try {
            if (anyNode && running() > 0) {
                waitUntilIdle(Math.min(end, System.nanoTime() + ACCEPT_WHILE_DRAINING.toNanos()));
                // Whoever was answered last connects again now, and would be in the kernel's queue, which the close
                // ends.
                TimeUnit.MILLISECONDS.sleep(RETURNING_MILLIS);
            }
            closeListeners();
            if (anyNode) {
                // What the kernel took last may not even be counted yet; each connection ends with its answer now.
                long closed = System.nanoTime();
                waitUntil(
                        () -> clients.open() == 0 && System.nanoTime() - closed > ARRIVING.toNanos(),
                        Math.min(end, closed + LAST_WORDS.toNanos()));
            }
            waitUntilIdle(end);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        LOG.info("stopped, {} exchanges cut", running());
        close();
    }

    /** Reads the configuration again: other models for this machine, unchanged ones keep running. Blocking; says why not in the log. */
    public void reload() {
        reloader.reload();
    }

    /** Nodes that are enrolled dial a relay that has just started, and one that drains. */
    private boolean settling() {
        return draining || System.nanoTime() - startedAt < SETTLING_NANOS && nodes.awaited();
    }

    private int running() {
        return nodes.connected().stream()
                        .mapToInt(one -> one.session().exchanges())
                        .sum()
                + options.config().node().backends().stream()
                        .mapToInt(backend -> fleet.running(backend.name()))
                        .sum()
                + fleet.running(Locals.OWNER);
    }

    private void waitUntilIdle(long until) throws InterruptedException {
        waitUntil(() -> running() == 0, until);
    }

    private static void waitUntil(BooleanSupplier condition, long until) throws InterruptedException {
        while (!condition.getAsBoolean() && System.nanoTime() < until) {
            TimeUnit.MILLISECONDS.sleep(20);
        }
    }

    private void closeListeners() {
        edges.forEach(EdgeListener::close);
    }

    @Override
    public void close() {
        if (!closed.compareAndSet(false, true)) {
            return;
        }
        closeListeners();
        backends.close();
        locals.close();
        try {
            socket.close();
            tunnels.forEach(QuicListener::close);
            loops.close();
            lock.close();
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    /** Commands on the state folder of a relay that does not run. The caller closes the lock. @throws IOException if somebody has it */
    public static AdminCommands offline(Path folder, GoinferConfig config)
            throws IOException, GeneralSecurityException {
        CertificateAuthority ca = CertificateAuthority.open(folder, InstantSource.system());
        return new AdminCommands(
                new Enrollment(ca, folder),
                new ApiKeys(folder, config.server().apiKeys(), InstantSource.system()),
                trust(config),
                null,
                null);
    }
}
