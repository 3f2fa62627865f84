// SPDX-License-Identifier: MIT
package io.goinfer.proxy.fleet;

import io.goinfer.certs.Enrollment;
import io.goinfer.proxy.model.ModelsJson;
import io.goinfer.proxy.model.NodeLoad;
import io.goinfer.proxy.upstream.TunnelUpstream;
import io.goinfer.tunnel.frame.Code;
import io.goinfer.tunnel.frame.Frame;
import io.goinfer.tunnel.frame.Id;
import io.goinfer.tunnel.session.NodeAuthority;
import io.goinfer.tunnel.session.RelayAssociation;
import io.goinfer.tunnel.session.RelayGreeting;
import io.goinfer.tunnel.session.SessionEvents;
import io.goinfer.tunnel.session.Succession;
import io.goinfer.tunnel.session.TunnelSession;
import io.goinfer.tunnel.wire.Wire;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
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

    /** One connected session, for lists. */
    public record Connected(
            String nodeId, String name, String transport, SocketAddress remote, TunnelSession session) {}

    private record Entry(
            X509Certificate certificate, Succession.Claim claim, RelayGreeting.SessionHandle handle, Wire wire) {}

    private final Enrollment enrollment;
    private final Fleet fleet;
    private final Duration resumeWindow;
    private final Map<String, List<Entry>> sessions = new LinkedHashMap<>();
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
        sessions.forEach((id, entries) -> entries.forEach(entry -> all.add(new Connected(
                id,
                entry.handle().terms().nodeName(),
                entry.wire().transport(),
                entry.wire().remoteAddress(),
                entry.handle().session()))));
        return all;
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
            entries = List.copyOf(sessions.getOrDefault(nodeId, List.of()));
        }
        fleet.remove(nodeId);
        abandonAllBut(null, nodeId, code, reason);
        CompletableFuture<?>[] ended = entries.stream()
                .map(entry -> CompletableFuture.runAsync(
                        () -> {
                            entry.handle().session().drain(code, Duration.ZERO, reason);
                            entry.handle().session().close(code, reason);
                        },
                        entry.wire().loop()))
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

    private synchronized boolean isOfNewestProcess(String nodeId, Entry one) {
        return sessions.getOrDefault(nodeId, List.of()).stream()
                .allMatch(entry -> entry.claim().epoch() <= one.claim().epoch());
    }

    /** A process has told its models and can be used: what the node's older processes ran may go on there. */
    private void takeOver(String nodeId, Entry newest) {
        List<Entry> older;
        synchronized (this) {
            older = sessions.getOrDefault(nodeId, List.of()).stream()
                    .filter(entry -> entry.claim().epoch() < newest.claim().epoch())
                    .toList();
        }
        abandonAllBut(newest.claim().instance(), nodeId, Code.SESSION_LOST, "the node was started again");
        older.forEach(entry -> entry.wire()
                .loop()
                .execute(() -> entry.handle().session().supersede(SUPERSEDED_DRAIN, "a newer process took over")));
    }

    /** Tells every node to go elsewhere; their sessions end when their exchanges have, or at the deadline. */
    public void drain(Duration deadline, String reason) {
        for (Connected one : connected()) {
            one.session().wire().loop().execute(() -> one.session().drain(Code.DRAINING, deadline, reason));
        }
    }

    /** The session that serves new exchanges of a node: the newest that accepts and whose certificate is still good. */
    private synchronized @Nullable TunnelSession serving(String nodeId) {
        Entry best = null;
        for (Entry entry : sessions.getOrDefault(nodeId, List.of())) {
            boolean usable = entry.handle().session().accepts() && enrollment.stillGood(entry.certificate());
            if (usable && (best == null || better(entry, best))) {
                best = entry;
            }
        }
        return best == null ? null : best.handle().session();
    }

    /** QUIC before TCP, among equals the newest: PROTOCOL.md §3.1. */
    private static boolean better(Entry one, Entry other) {
        boolean sameProcess = one.claim().instance().equals(other.claim().instance());
        boolean sameTransport = one.wire().transport().equals(other.wire().transport());
        return sameProcess && !sameTransport
                ? one.wire().transport().equals("quic")
                : Succession.newer(one.claim(), other.claim());
    }

    private synchronized boolean full(String nodeId) {
        return sessions.getOrDefault(nodeId, List.of()).stream().anyMatch(entry -> {
            TunnelSession session = entry.handle().session();
            return session.exchanges() >= session.terms().maxStreams();
        });
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
            List<Entry> present;
            synchronized (Nodes.this) {
                present = List.copyOf(sessions.getOrDefault(id, List.of()));
            }
            if (!Succession.mayEnter(
                    claim(hello), present.stream().map(Entry::claim).toList())) {
                LOG.warn(
                        "node {}: a second machine ({}) uses this identity, or an older process is back",
                        node.get().name(),
                        wire.remoteAddress());
                return new RelayGreeting.Admission(
                        Code.SUPERSEDED, SUPERSEDED_RETRY_MILLIS, "another process uses this identity");
            }
            return RelayGreeting.Admission.welcome(node.get().name());
        }

        @Override
        public RelayAssociation association(Frame.Hello hello) {
            return Nodes.this.association(Enrollment.urnOf(certificate()), hello.instance());
        }

        @Override
        public SessionEvents opened(RelayGreeting.SessionHandle handle, Frame.Hello hello) {
            String id = Enrollment.urnOf(certificate());
            Entry entry = new Entry(certificate(), claim(hello), handle, handle.wire());
            fleet.add(
                    id,
                    handle.terms().nodeName(),
                    new TunnelUpstream(handle.terms().nodeName(), () -> serving(id), () -> full(id)));
            // Only now: the handle has its session when the loop comes back.
            handle.wire().loop().execute(() -> {
                synchronized (Nodes.this) {
                    sessions.computeIfAbsent(id, key -> new ArrayList<>()).add(entry);
                }
            });
            LOG.info(
                    "node {} connected from {} over {}, {}",
                    handle.terms().nodeName(),
                    handle.wire().remoteAddress(),
                    handle.wire().transport(),
                    hello.software());
            return new Events(id, entry);
        }
    }

    private static Succession.Claim claim(Frame.Hello hello) {
        return new Succession.Claim(hello.instance(), hello.epoch(), hello.lane(), hello.number());
    }

    private final class Events implements SessionEvents {
        private final String id;
        private final Entry entry;
        private final io.netty.util.concurrent.Future<?> expiry;

        Events(String id, Entry entry) {
            this.id = id;
            this.entry = entry;
            long left = entry.certificate().getNotAfter().getTime() - System.currentTimeMillis();
            this.expiry = entry.wire()
                    .loop()
                    .schedule(
                            () -> entry.handle().session().close(Code.EXPIRED, "the certificate has expired"),
                            Math.max(1_000, left),
                            TimeUnit.MILLISECONDS);
        }

        @Override
        public void onModels(ByteBuf json) {
            try {
                ModelsJson.Listing listing = ModelsJson.read(ByteBufUtil.getBytes(json));
                LOG.debug(
                        "node {}: {} models{}",
                        entry.handle().terms().nodeName(),
                        listing.models().size(),
                        listing.partial() ? ", not all" : "");
                if (isOfNewestProcess(id, entry)) {
                    fleet.update(id, listing, true);
                    told.add(id);
                    if (!listing.partial() || !listing.models().isEmpty()) {
                        takeOver(id, entry);
                    }
                }
            } catch (IOException e) {
                LOG.warn(
                        "node {}: unreadable MODELS: {}", entry.handle().terms().nodeName(), e.getMessage());
            }
        }

        @Override
        public void onLoad(ByteBuf json) {
            try {
                NodeLoad load = NodeLoad.read(ByteBufUtil.getBytes(json));
                fleet.load(id, load.busy() + load.queued());
            } catch (IOException e) {
                LOG.debug("node {}: unreadable LOAD", entry.handle().terms().nodeName(), e);
            }
        }

        @Override
        public void onVerdict(boolean suspect) {
            LOG.info("node {} is {}", entry.handle().terms().nodeName(), suspect ? "suspect" : "well again");
        }

        @Override
        public void onClosed(Code code, String reason) {
            expiry.cancel(false);
            boolean last;
            synchronized (Nodes.this) {
                List<Entry> left = sessions.getOrDefault(id, new ArrayList<>());
                left.remove(entry);
                last = left.isEmpty();
                if (last) {
                    sessions.remove(id);
                }
            }
            LOG.info("node {} disconnected: {}: {}", entry.handle().terms().nodeName(), code, reason);
            if (last) {
                fleet.update(id, List.of(), false);
            }
        }
    }
}
