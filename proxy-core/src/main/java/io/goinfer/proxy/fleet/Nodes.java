// SPDX-License-Identifier: MIT
package io.goinfer.proxy.fleet;

import io.goinfer.certs.Enrollment;
import io.goinfer.proxy.fleet.NodeSessions.Entry;
import io.goinfer.proxy.model.ModelsJson;
import io.goinfer.proxy.model.NodeLoad;
import io.goinfer.proxy.upstream.TunnelUpstream;
import io.goinfer.tunnel.frame.Code;
import io.goinfer.tunnel.frame.Frame;
import io.goinfer.tunnel.frame.Id;
import io.goinfer.tunnel.session.NodeAuthority;
import io.goinfer.tunnel.session.RelayAssociation;
import io.goinfer.tunnel.session.RelayGreeting;
import io.goinfer.tunnel.session.SessionTerms;
import io.goinfer.tunnel.session.Succession;
import io.goinfer.tunnel.session.TunnelSession;
import io.goinfer.tunnel.wire.Wire;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.util.concurrent.Future;
import java.io.IOException;
import java.net.SocketAddress;
import java.security.SecureRandom;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The relay's nodes: who may come in, which session of a node serves, what it has. Called from sessions' loops and commands; guarded by its monitor. */
public final class Nodes implements NodeAuthority {
    private static final Logger LOG = LoggerFactory.getLogger(Nodes.class);
    private static final Duration SUPERSEDED_DRAIN = Duration.ofSeconds(5);
    private static final long SUPERSEDED_RETRY_MILLIS = 1_000;
    private static final String ANOTHER_PROCESS = "another process uses this identity";
    private static final NodeSessions NONE = new NodeSessions();

    /** One connected session, for lists. */
    public record Connected(
            String nodeId, String name, String transport, SocketAddress remote, TunnelSession session) {}

    private final Enrollment enrollment;
    private final Fleet fleet;
    private final Duration resumeWindow;
    private final Map<String, NodeSessions> sessions = new LinkedHashMap<>();
    private final Map<String, Map<Id, RelayAssociation>> associations = new HashMap<>();
    private final Set<String> told = ConcurrentHashMap.newKeySet();
    private final Map<String, Long> resumedBefore = new HashMap<>();
    private final Id process = Id.random(new SecureRandom());

    /** @param resumeWindow how long exchanges outlive their session */
    public Nodes(Enrollment enrollment, Fleet fleet, Duration resumeWindow) {
        this.resumeWindow = resumeWindow;
        this.enrollment = enrollment;
        this.fleet = fleet;
    }

    @Override
    public Decision decide(List<X509Certificate> chain, SocketAddress remote) {
        if (chain.isEmpty()) {
            return new Decision(Code.NO_CERTIFICATE, new Door(null));
        }
        Code code = switch (enrollment.verify(chain)) {
            case GOOD -> Code.NO_ERROR;
            case EXPIRED -> Code.EXPIRED;
            case REVOKED -> Code.REVOKED;
            case UNKNOWN_CA -> Code.UNKNOWN_CA;
        };
        return new Decision(code, new Door(chain.get(0)));
    }

    public synchronized List<Connected> connected() {
        List<Connected> all = new ArrayList<>();
        sessions.forEach((id, open) -> open.all().forEach(entry -> all.add(connected(id, entry.session()))));
        return all;
    }

    private static Connected connected(String id, TunnelSession session) {
        Wire wire = session.wire();
        return new Connected(id, session.terms().nodeName(), wire.transport(), wire.remoteAddress(), session);
    }

    /** An enrolled node has not told its models since the start; or none has, where others enrol nodes too. */
    public boolean awaited() {
        return enrollment.isShared() && told.isEmpty()
                || enrollment.nodes().stream().anyMatch(node -> !node.revoked() && !told.contains(node.id()));
    }

    /** How often an exchange went on in another session. */
    public synchronized long resumed() {
        return resumedBefore.values().stream().mapToLong(Long::longValue).sum()
                + all().mapToLong(RelayAssociation::resumed).sum();
    }

    /** The same of one node. */
    public synchronized long resumed(String nodeId) {
        return resumedBefore.getOrDefault(nodeId, 0L)
                + associations.getOrDefault(nodeId, Map.of()).values().stream()
                        .mapToLong(RelayAssociation::resumed)
                        .sum();
    }

    /** Exchanges that wait for their node. */
    public synchronized int waiting() {
        return all().mapToInt(RelayAssociation::waiting).sum();
    }

    private Stream<RelayAssociation> all() {
        return associations.values().stream().flatMap(of -> of.values().stream());
    }

    /** Ends every session of a node; completes when they have ended. */
    public CompletableFuture<Void> disconnect(String nodeId, Code code, String reason) {
        List<Entry> entries;
        synchronized (this) {
            entries = sessions.getOrDefault(nodeId, NONE).all();
        }
        fleet.remove(nodeId);
        abandonAllBut(null, nodeId, code, reason);
        CompletableFuture<?>[] ended = entries.stream()
                .map(entry -> CompletableFuture.runAsync(
                        () -> {
                            entry.session().drain(code, Duration.ZERO, reason);
                            entry.session().close(code, reason);
                        },
                        entry.session().wire().loop()))
                .toArray(CompletableFuture[]::new);
        return CompletableFuture.allOf(ended);
    }

    private synchronized RelayAssociation association(String nodeId, Id instance) {
        return associations
                .computeIfAbsent(nodeId, id -> new HashMap<>())
                .computeIfAbsent(
                        instance, id -> new RelayAssociation(process, resumeWindow, () -> forget(nodeId, instance)));
    }

    private synchronized void forget(String nodeId, Id instance) {
        Map<Id, RelayAssociation> of = associations.getOrDefault(nodeId, new HashMap<>());
        RelayAssociation gone = of.remove(instance);
        if (gone != null) {
            resumedBefore.merge(nodeId, gone.resumed(), Long::sum);
        }
        if (of.isEmpty()) {
            associations.remove(nodeId);
        }
    }

    /** Ends what waits for other processes of a node. */
    private void abandonAllBut(@Nullable Id instance, String nodeId, Code code, String reason) {
        List<RelayAssociation> others = new ArrayList<>();
        synchronized (this) {
            associations.getOrDefault(nodeId, Map.of()).forEach((id, association) -> {
                if (!id.equals(instance)) {
                    others.add(association);
                }
            });
        }
        others.forEach(association -> association.abandon(code, reason));
    }

    /**
     * A process tells its models. The first that it tells for good make the node its own: what older processes ran may go on there. One that another has
     * forestalled ends.
     */
    private void told(String nodeId, Entry entry, ModelsJson.Listing listing) {
        boolean forGood = !listing.partial() || !listing.models().isEmpty();
        boolean late;
        boolean first;
        List<Entry> older;
        synchronized (this) {
            NodeSessions open = sessions.getOrDefault(nodeId, NONE);
            late = !open.mayEnter(entry.claim()) || !forGood && !open.holds(entry.claim()) && !open.nobodyHolds();
            first = !late && forGood && open.hold(entry);
            older = first ? open.before(entry.claim()) : List.of();
        }
        if (late) {
            if (forGood && entry.session().accepts()) {
                entry.session().supersede(SUPERSEDED_DRAIN, "another process of this node is newer");
            }
            return;
        }
        fleet.update(nodeId, listing, true);
        told.add(nodeId);
        if (first) {
            abandonAllBut(entry.claim().instance(), nodeId, Code.SESSION_LOST, "the node was started again");
        }
        older.forEach(one -> one.session()
                .wire()
                .loop()
                .execute(() -> one.session().supersede(SUPERSEDED_DRAIN, "a newer process took over")));
    }

    /** Tells every node to go elsewhere; their sessions end when their exchanges have, or at the deadline. */
    public void drain(Duration deadline, String reason) {
        for (Connected one : connected()) {
            one.session().wire().loop().execute(() -> one.session().drain(Code.DRAINING, deadline, reason));
        }
    }

    /** The session that serves new exchanges of a node: the newest that accepts and whose certificate is still good. */
    private synchronized TunnelUpstream.@Nullable Serving serving(String nodeId) {
        NodeSessions.Entry one = sessions.getOrDefault(nodeId, NONE)
                .serving(entry -> entry.session().accepts() && enrollment.stillGood(entry.certificate()));
        return one == null
                ? null
                : new TunnelUpstream.Serving(one.session(), one.claim().instance());
    }

    private synchronized boolean full(String nodeId) {
        return sessions.getOrDefault(nodeId, NONE).all().stream()
                .anyMatch(entry ->
                        entry.session().exchanges() >= entry.session().terms().maxStreams());
    }

    /** The door for one connection. */
    private final class Door implements RelayGreeting.Host {
        private final @Nullable X509Certificate certificate;

        Door(@Nullable X509Certificate certificate) {
            this.certificate = certificate;
        }

        private X509Certificate certificate() {
            if (certificate == null) {
                throw new IllegalStateException("no certificate, no tunnel");
            }
            return certificate;
        }

        @Override
        public RelayGreeting.Admission admit(Wire wire, Frame.Hello hello) {
            String id = Enrollment.urnOf(certificate());
            Optional<Enrollment.Node> node = enrollment.adopt(id, hello.name());
            if (node.isEmpty() || node.get().revoked()) {
                return new RelayGreeting.Admission(Code.REVOKED, 60_000, "this node is not known here any more");
            }
            if (!mayEnter(id, claim(hello))) {
                LOG.warn(
                        "node {}: a second machine ({}) uses this identity, or an older process is back",
                        node.get().name(),
                        wire.remoteAddress());
                return new RelayGreeting.Admission(Code.SUPERSEDED, SUPERSEDED_RETRY_MILLIS, ANOTHER_PROCESS);
            }
            return RelayGreeting.Admission.welcome(node.get().name());
        }

        @Override
        public RelayAssociation association(Frame.Hello hello) {
            return Nodes.this.association(Enrollment.urnOf(certificate()), hello.instance());
        }

        @Override
        public RelayGreeting.Newcomer welcome(Wire wire, SessionTerms terms, Frame.Hello hello) {
            return new Newcomer(Enrollment.urnOf(certificate()), certificate(), hello);
        }
    }

    private synchronized boolean mayEnter(String nodeId, Succession.Claim claim) {
        return sessions.getOrDefault(nodeId, NONE).mayEnter(claim);
    }

    /** False: meanwhile another process has the node. */
    private boolean enter(String nodeId, Entry entry) {
        Entry tooMany;
        boolean welcome;
        synchronized (this) {
            NodeSessions open = sessions.computeIfAbsent(nodeId, id -> new NodeSessions());
            welcome = open.mayEnter(entry.claim());
            tooMany = open.add(entry);
        }
        if (tooMany != null) {
            TunnelSession oldest = tooMany.session();
            oldest.wire()
                    .loop()
                    .execute(() -> oldest.close(Code.MOVED, "over " + NodeSessions.MAX + " sessions of this node"));
        }
        return welcome;
    }

    /** True if it was the last of its node. */
    private synchronized boolean leave(String nodeId, Entry entry) {
        NodeSessions open = sessions.getOrDefault(nodeId, NONE);
        open.remove(entry);
        return open.isEmpty() && sessions.remove(nodeId) != null;
    }

    private static Succession.Claim claim(Frame.Hello hello) {
        return new Succession.Claim(hello.instance(), hello.epoch(), hello.lane(), hello.number());
    }

    /** One session, from its opening to its end. */
    private final class Newcomer implements RelayGreeting.Newcomer {
        private final String id;
        private final X509Certificate certificate;
        private final Frame.Hello hello;
        private @Nullable Open open;

        Newcomer(String id, X509Certificate certificate, Frame.Hello hello) {
            this.id = id;
            this.certificate = certificate;
            this.hello = hello;
        }

        /** What belongs to an open session. */
        private record Open(Entry entry, Future<?> expiry, Paced models, Paced loads) {
            void close() {
                expiry.cancel(false);
                models.close();
                loads.close();
            }
        }

        @Override
        public void opened(TunnelSession session) {
            Wire wire = session.wire();
            String name = session.terms().nodeName();
            Entry entry = new Entry(certificate, claim(hello), session);
            long left = certificate.getNotAfter().getTime() - System.currentTimeMillis();
            open = new Open(
                    entry,
                    wire.loop()
                            .schedule(
                                    () -> session.close(Code.EXPIRED, "the certificate has expired"),
                                    Math.max(1_000, left),
                                    TimeUnit.MILLISECONDS),
                    new Paced(wire.loop(), System::nanoTime, json -> models(entry, json)),
                    new Paced(wire.loop(), System::nanoTime, json -> load(entry, json)));
            fleet.add(id, name, new TunnelUpstream(name, () -> serving(id), () -> full(id)));
            boolean welcome = enter(id, entry);
            LOG.info(
                    "node {} connected from {} over {}, {}",
                    name,
                    wire.remoteAddress(),
                    wire.transport(),
                    hello.software());
            if (!welcome) {
                session.close(Code.SUPERSEDED, ANOTHER_PROCESS);
            }
        }

        private String name() {
            return open == null ? id : open.entry().session().terms().nodeName();
        }

        @Override
        public void onModels(ByteBuf json) {
            if (open != null) {
                open.models().tell(json);
            }
        }

        private void models(Entry entry, ByteBuf json) {
            try {
                ModelsJson.Listing listing = ModelsJson.read(ByteBufUtil.getBytes(json));
                LOG.debug(
                        "node {}: {} models{}", name(), listing.models().size(), listing.partial() ? ", not all" : "");
                told(id, entry, listing);
            } catch (IOException e) {
                LOG.warn("node {}: unreadable MODELS: {}", name(), e.getMessage());
            }
        }

        @Override
        public void onLoad(ByteBuf json) {
            if (open != null) {
                open.loads().tell(json);
            }
        }

        private void load(Entry entry, ByteBuf json) {
            try {
                NodeLoad load = NodeLoad.read(ByteBufUtil.getBytes(json));
                fleet.load(id, load.busy() + load.queued());
            } catch (IOException e) {
                LOG.debug("node {}: unreadable LOAD", entry.session().terms().nodeName(), e);
            }
        }

        @Override
        public void onVerdict(boolean suspect) {
            LOG.info("node {} is {}", name(), suspect ? "suspect" : "well again");
        }

        @Override
        public void onClosed(Code code, String reason) {
            Open before = open;
            if (before == null) {
                return;
            }
            before.close();
            boolean last = leave(id, before.entry());
            LOG.info("node {} disconnected: {}: {}", name(), code, reason);
            if (last) {
                fleet.update(id, List.of(), false);
            }
        }
    }
}
