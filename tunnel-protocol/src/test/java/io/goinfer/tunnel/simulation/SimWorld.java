// SPDX-License-Identifier: MIT
package io.goinfer.tunnel.simulation;

import io.goinfer.tunnel.frame.Code;
import io.goinfer.tunnel.frame.Frame;
import io.goinfer.tunnel.frame.Id;
import io.goinfer.tunnel.session.ExchangeEvents;
import io.goinfer.tunnel.session.NodeAssociation;
import io.goinfer.tunnel.session.NodeGreeting;
import io.goinfer.tunnel.session.RelayAssociation;
import io.goinfer.tunnel.session.RelayGreeting;
import io.goinfer.tunnel.session.SessionEvents;
import io.goinfer.tunnel.session.SessionTerms;
import io.goinfer.tunnel.session.TunnelExchange;
import io.goinfer.tunnel.session.TunnelSession;
import io.goinfer.tunnel.simulation.SimBody.Violation;
import io.goinfer.tunnel.wire.Wire;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** A relay of two loops and a node, their associations, sessions and exchanges as they are, and connections in memory between them. */
final class SimWorld {
    /** What the node's wire says when a write failed after STOP_SENDING. */
    static final Code STOPPED = Code.MOVED;

    private static final long SLICE = 250_000_000;

    /** One session, as both ends see it. */
    static final class Session {
        final SimLink link;

        @Nullable
        TunnelSession relay;

        @Nullable
        TunnelSession node;

        boolean relayClosed;
        boolean nodeClosed;

        Session(SimLink link) {
            this.link = link;
        }

        boolean isOpen() {
            return relay != null && node != null && !relayClosed && !nodeClosed;
        }

        boolean isGone() {
            return relayClosed && nodeClosed || link.isGone();
        }
    }

    final SplittableRandom random;
    final List<Session> sessions = new ArrayList<>();
    final List<SimClient> clients = new ArrayList<>();
    final List<String> notes = new ArrayList<>();
    private final boolean tracing;
    private final SimLoop.Clock clock = new SimLoop.Clock();
    private final SimLoop nodeLoop = new SimLoop(clock);
    private final Map<Id, SimBackend> backends = new HashMap<>();
    private final Map<Id, SimClient> byId = new HashMap<>();
    private final List<Process> relays = new ArrayList<>();
    private final List<Session> killed = new ArrayList<>();
    private NodeAssociation nodeAssociation;
    private Id known = Id.ZERO;
    private long knownSince;
    private final Duration window;
    private final int maxStreams;
    private final int floor;
    private final int size;
    private final int transports;
    private int numbers;
    private boolean stopped;

    SimWorld(long seed, boolean tracing) {
        this.random = new SplittableRandom(seed);
        this.tracing = tracing;
        this.window = Duration.ofSeconds(random.nextInt(50) == 0 ? 5 : 600);
        this.nodeAssociation = new NodeAssociation(nodeLoop, window, clock::nanoTime);
        this.maxStreams = random.nextInt(2) == 0 ? 1_024 : 2 + random.nextInt(4);
        this.floor = random.nextBoolean() ? 1_024 : 4_096;
        this.size = random.nextInt(8) == 0 ? 48 << 10 : 600;
        this.transports = random.nextInt(3);
        startRelay();
    }

    /** A relay process. */
    private static final class Process {
        final RelayAssociation association;
        final Id id;
        final List<SimLoop> loops;

        Process(Id id, Duration window, SimLoop.Clock clock) {
            this.id = id;
            this.association = new RelayAssociation(id, window, () -> {});
            this.loops = List.of(new SimLoop(clock), new SimLoop(clock));
        }
    }

    private void startRelay() {
        relays.add(new Process(new Id(1, relays.size()), window, clock));
    }

    private Process relay() {
        return relays.get(relays.size() - 1);
    }

    /** The relay is killed and started again: its clients are gone, and the node does not know it yet. */
    void restartRelay() {
        note(() -> "the relay is killed and starts again");
        for (Session one : sessions) {
            one.link.relay.killed();
            one.relayClosed = true;
        }
        killed.addAll(sessions);
        clients.forEach(SimClient::orphaned);
        startRelay();
    }

    /** The loops that run. */
    private SimLoop loop(int number) {
        return number == 2 ? nodeLoop : relay().loops.get(number);
    }

    void note(Supplier<String> what) {
        if (tracing) {
            notes.add(String.format("%7.2f s  %s", clock.nanoTime() / 1e9, what.get()));
        }
    }

    /** The window is short: its end may end an exchange. */
    boolean mayExpire() {
        return stopped || window.toSeconds() < 60;
    }

    /** Of a body. */
    int size() {
        return 1 + random.nextInt(size);
    }

    @Nullable
    SimBackend backend(Id id) {
        return backends.get(id);
    }

    List<SimBackend> backends() {
        return List.copyOf(backends.values());
    }

    // ---- connections

    /** The node dials. */
    void connect() {
        int number = ++numbers;
        boolean tcp = transports == 0 || transports == 1 && random.nextBoolean();
        SimLink link = new SimLink(number, tcp, maxStreams + 2, loop(random.nextInt(2)), nodeLoop, clock);
        Session session = new Session(link);
        sessions.add(session);
        note(() -> "session " + number + " over " + link.relay.transport());
        link.relay.events(new RelayGreeting(link.relay, host(session, relay()), maxStreams, Id.ZERO, "relay"));
        Frame.Hello hello = new Frame.Hello(1, 1, 0, new Id(2, 2), 1, 0, number, maxStreams, floor, "node", "node");
        NodeGreeting.greet(
                link.node,
                hello,
                new NodeGreeting.Accepted() {
                    @Override
                    public SessionEvents events(Frame.HelloOk ok) {
                        return new NodeEvents(session);
                    }

                    @Override
                    public NodeAssociation association(Frame.HelloOk ok, long number) {
                        return associationWith(ok.relay(), number);
                    }
                },
                opened -> {
                    session.node = opened;
                    link.greeted();
                },
                (code, retry, reason) -> session.nodeClosed = true);
    }

    /** A process that a later connection did not find any more is gone, whenever its HELLO_OK comes. */
    private NodeAssociation associationWith(Id relay, long number) {
        NodeAssociation fresh = new NodeAssociation(nodeLoop, window, clock::nanoTime);
        if (relay.equals(known)) {
            return nodeAssociation;
        }
        if (number < knownSince) {
            fresh.abandon("the relay has restarted");
            return fresh;
        }
        nodeAssociation.abandon("the relay has restarted");
        nodeAssociation = fresh;
        known = relay;
        knownSince = number;
        return fresh;
    }

    private RelayGreeting.Host host(Session session, Process at) {
        return new RelayGreeting.Host() {
            @Override
            public RelayGreeting.Admission admit(Wire wire, Frame.Hello hello) {
                return RelayGreeting.Admission.welcome("node");
            }

            @Override
            public RelayAssociation association(Frame.Hello hello) {
                return at.association;
            }

            @Override
            public RelayGreeting.Newcomer welcome(Wire wire, SessionTerms terms, Frame.Hello hello) {
                return new RelayGreeting.Newcomer() {
                    @Override
                    public void opened(TunnelSession opened) {
                        session.relay = opened;
                    }

                    @Override
                    public void onClosed(Code code, String reason) {
                        note(() -> "relay: session " + session.link.number + " closed: " + code + ": " + reason);
                        session.relayClosed = true;
                    }
                };
            }
        };
    }

    private final class NodeEvents implements SessionEvents {
        private final Session session;

        NodeEvents(Session session) {
            this.session = session;
        }

        @Override
        public ExchangeEvents onExchange(TunnelExchange exchange, Frame.Request request) {
            SimClient client = byId.get(exchange.id());
            if (client == null) {
                throw new Violation("the node got an exchange that nobody asked for");
            }
            note(() -> "backend of " + client.name + " begins in session " + session.link.number);
            SimBackend backend = new SimBackend(SimWorld.this, client, exchange, random.split());
            if (backends.put(exchange.id(), backend) != null) {
                throw new Violation(client.name + " runs twice");
            }
            return backend;
        }

        @Override
        public void onClosed(Code code, String reason) {
            note(() -> "node: session " + session.link.number + " closed: " + code + ": " + reason);
            session.nodeClosed = true;
        }
    }

    // ---- clients

    /** A new request, in a session as the relay would choose it. */
    void open() {
        for (Session one : sessions) {
            TunnelSession relay = one.relay;
            if (relay != null && !one.relayClosed && relay.accepts() && random.nextBoolean()) {
                SimClient client = new SimClient(this, clients.size(), random.split());
                note(() -> client.name + " opens in session " + one.link.number);
                clients.add(client);
                byId.put(client.id, client);
                client.open(relay);
                return;
            }
        }
    }

    // ---- what may happen next

    /** True if something was under way. */
    boolean deliver() {
        if (sessions.isEmpty()) {
            return false;
        }
        int first = random.nextInt(sessions.size());
        for (int i = 0; i < sessions.size(); i++) {
            if (sessions.get((first + i) % sessions.size()).link.deliver(random)) {
                return true;
            }
        }
        return false;
    }

    boolean runTask() {
        int first = random.nextInt(3);
        for (int i = 0; i < 3; i++) {
            SimLoop loop = loop((first + i) % 3);
            if (loop.hasTasks()) {
                loop.runOne();
                return true;
            }
        }
        return false;
    }

    /** Everything that can move moves. */
    void settle() {
        while (runTask() || deliver()) {
            // Until nothing is left.
        }
    }

    /** A quarter of a second passes. */
    void tick() {
        clock.advance(SLICE);
        relay().loops.forEach(SimLoop::runTimers);
        nodeLoop.runTimers();
        sessions.removeIf(one -> {
            boolean gone = one.isGone();
            if (gone) {
                one.link.dropAll();
            }
            return gone;
        });
    }

    /** What is wrong now that nobody asks for anything any more; null: nothing. */
    @Nullable
    String left() {
        for (SimClient client : clients) {
            if (!client.isDone()) {
                return client.name + " waits for ever";
            }
        }
        for (SimBackend backend : backends.values()) {
            if (backend.isRunning()) {
                return "backend of " + backend.client.name + " runs for nobody";
            }
        }
        for (Session one : sessions) {
            TunnelSession relay = one.relay;
            TunnelSession node = one.node;
            if (one.isOpen() && relay != null && node != null) {
                if (relay.peerErrors() + node.peerErrors() > 0) {
                    return "an end of session " + one.link.number + " thinks that the other one broke the protocol";
                }
                if (relay.exchanges() + node.exchanges() > 0) {
                    return "session " + one.link.number + " has " + relay.exchanges() + " exchanges at the relay and "
                            + node.exchanges() + " at the node";
                }
                if (relay.outstandingCredit() + node.outstandingCredit() != 0) {
                    return "session " + one.link.number + " misses credit: " + relay.outstandingCredit() + " and "
                            + node.outstandingCredit();
                }
            }
        }
        int atRelay = relay().association.waiting();
        int atNode = nodeAssociation.waiting();
        return atRelay + atNode == 0 ? null : atRelay + " exchanges wait at the relay and " + atNode + " at the node";
    }

    /** Gives back what is still under way. */
    void stop() {
        stopped = true;
        killed.addAll(sessions);
        for (Session one : killed) {
            one.link.dropAll();
            one.link.node.lost();
            one.link.relay.lost();
            if (one.relay != null) {
                one.relay.close(Code.SESSION_LOST, "the simulation ends");
            }
        }
        runAll();
        relays.forEach(one -> one.association.abandon(Code.SESSION_LOST, "the simulation ends"));
        nodeAssociation.abandon("the simulation ends");
        runAll();
        killed.forEach(one -> one.link.dropAll());
    }

    private void runAll() {
        List<SimLoop> loops = new ArrayList<>(List.of(nodeLoop));
        relays.forEach(one -> loops.addAll(one.loops));
        for (int i = 0; i < 3; i++) {
            for (SimLoop loop : loops) {
                while (loop.hasTasks()) {
                    loop.runOne();
                }
            }
        }
    }
}
