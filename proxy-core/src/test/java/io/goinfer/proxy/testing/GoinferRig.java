// SPDX-License-Identifier: MIT
package io.goinfer.proxy.testing;

import static io.goinfer.tunnel.testing.Eventually.eventually;

import io.goinfer.bench.llama.SimulatedLlama;
import io.goinfer.proxy.Node;
import io.goinfer.proxy.Relay;
import io.goinfer.proxy.agent.NodeLink;
import io.goinfer.proxy.agent.RelayAddress;
import io.goinfer.proxy.config.BackendConfig;
import io.goinfer.proxy.config.ConfigException;
import io.goinfer.proxy.config.GoinferConfig;
import io.goinfer.proxy.config.Listen;
import io.goinfer.proxy.config.Service;
import io.goinfer.proxy.config.Transport;
import io.goinfer.proxy.control.Reloader;
import io.goinfer.proxy.fleet.Nodes;
import io.goinfer.proxy.keys.Role;
import io.goinfer.tunnel.frame.Code;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** A relay, nodes and backends in this process, over real sockets on loopback. */
public final class GoinferRig implements AutoCloseable {
    private final Path folder;
    private final List<Node> nodes = new ArrayList<>();
    private int dialled;
    private NodeLink.Resolver resolver = NodeLink.Resolver::system;
    private volatile Reloader.@Nullable Source edited;
    public final Relay relay;
    public final String adminKey;
    public final String userKey;

    public GoinferRig(Path folder, GoinferConfig config) throws Exception {
        this(folder, config, 0);
    }

    public GoinferRig(Path folder, GoinferConfig config, int tunnelPort) throws Exception {
        this.folder = folder;
        this.relay = new Relay(new Relay.Options(
                config,
                () -> read(config),
                List.of(
                        new Listen("127.0.0.1", 0, EnumSet.complementOf(EnumSet.of(Service.TUNNEL)), null),
                        new Listen("127.0.0.1", tunnelPort, EnumSet.of(Service.OPENAI, Service.TUNNEL), null)),
                false,
                folder.resolve("relay"),
                Set.of(),
                "relay/test"));
        this.adminKey = relay.keys().create("admin", Role.ADMIN).text();
        this.userKey = relay.keys().create("user", Role.USER).text();
    }

    public static GoinferConfig config(SimulatedLlama... backends) {
        GoinferConfig d = GoinferConfig.defaults();
        List<BackendConfig> all = new ArrayList<>();
        for (SimulatedLlama backend : backends) {
            all.add(BackendConfig.parse(backend.url()));
        }
        return d.with(new GoinferConfig.NodeConfig(null, List.of(), Transport.AUTO, false, all));
    }

    private GoinferConfig read(GoinferConfig first) throws IOException, ConfigException {
        Reloader.Source now = edited;
        return now == null ? first : now.read();
    }

    /** What relay and nodes find when they read their configuration again. */
    public void edit(Reloader.Source source) {
        edited = source;
    }

    public int tunnelPort() {
        return relay.edges().get(1).address().getPort();
    }

    /** Nodes that connect from now on find their relay so. */
    public void resolve(NodeLink.Resolver with) {
        resolver = with;
    }

    /** Nodes that connect from now on dial this port. */
    public void through(int port) {
        dialled = port;
    }

    public int apiPort() {
        return relay.edges().get(0).address().getPort();
    }

    public String base() {
        return "http://127.0.0.1:" + apiPort();
    }

    public String token() throws Exception {
        return relay.commands().run("token create", Map.of()).get(0).get("token");
    }

    /** Enrols, or comes back with the identity of the same name; waits until it is connected and its models are listed. */
    public Node connect(String name, SimulatedLlama... backends) throws Exception {
        return connect(name, config(backends));
    }

    /** Ends a node's sessions as a lost link would. */
    public void loseSessions() {
        for (Nodes.Connected one : relay.nodes().connected()) {
            one.session().wire().loop().execute(() -> one.session().close(Code.SESSION_LOST, "lost by a test"));
        }
    }

    public Node connect(String name, GoinferConfig config) throws Exception {
        java.util.concurrent.CountDownLatch connected = new java.util.concurrent.CountDownLatch(1);
        Node node = dial(name, connected::countDown, config);
        if (!connected.await(20, java.util.concurrent.TimeUnit.SECONDS)) {
            throw new AssertionError("node " + name + " did not connect");
        }
        eventually(
                "node " + name + " serves",
                () -> relay.fleet().catalog().models().stream()
                        .flatMap(model -> model.places().stream())
                        .anyMatch(place ->
                                place.owner().equals(name) && place.upstream().accepts()));
        return node;
    }

    private Node dial(String name, Runnable connected, GoinferConfig config) throws Exception {
        Node node = new Node(
                new Node.Options(
                        config,
                        () -> read(config),
                        List.of(new RelayAddress("127.0.0.1", dialled == 0 ? tunnelPort() : dialled)),
                        token(),
                        name,
                        folder.resolve("node-" + name),
                        "node/test",
                        resolver),
                (relayAddress, nodeName, transport, roundTrip) -> connected.run());
        nodes.add(node);
        return node;
    }

    public void drop(Node node) {
        nodes.remove(node);
        node.close();
    }

    @Override
    public void close() {
        nodes.forEach(Node::close);
        relay.close();
    }

    public void stop(Duration deadline) {
        relay.stop(deadline);
    }
}
