// SPDX-License-Identifier: MIT
package io.goinfer.proxy.agent;

import io.goinfer.certs.Identity;
import io.goinfer.proxy.config.Transport;
import io.goinfer.proxy.fleet.Fleet;
import io.goinfer.proxy.model.ModelsJson;
import io.goinfer.proxy.net.EventLoops;
import io.goinfer.proxy.upstream.TunnelHeads;
import io.goinfer.tunnel.frame.Code;
import io.goinfer.tunnel.frame.Frame;
import io.goinfer.tunnel.frame.Id;
import io.goinfer.tunnel.session.ExchangeEvents;
import io.goinfer.tunnel.session.NodeAssociation;
import io.goinfer.tunnel.session.SessionEvents;
import io.goinfer.tunnel.session.TunnelExchange;
import io.goinfer.tunnel.session.TunnelSession;
import io.goinfer.tunnel.wire.Dial;
import io.netty.buffer.Unpooled;
import io.netty.channel.EventLoop;
import io.netty.util.concurrent.Future;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps one relay connected: dials, greets, registers what the fleet has, serves exchanges, dials again. Confined to its event loop.
 *
 * <pre>
 * dialling ──► serving ── lost, suspect, GOAWAY, boot notice ──► dialling (the old session may still drain)
 * </pre>
 */
final class NodeAgent {
    private static final Logger LOG = LoggerFactory.getLogger(NodeAgent.class);

    /** The loss of a standby that was up so long says something of the relay. */
    private static final Duration TRUSTED_STANDBY = Duration.ofSeconds(30);

    private static final Duration DRAIN = Duration.ofSeconds(30);

    /** What happened, for the log of the process that embeds it. On the agent's loop. */
    interface Listener {
        void connected(String nodeName, String transport, Duration roundTrip);

        void disconnected(String reason);

        /** No session is left; another address may serve instead. */
        void lost();
    }

    /**
     * Who this node is towards this relay.
     *
     * @param standby a TCP session is kept beside a QUIC one
     */
    record Self(
            String name,
            String software,
            Instance instance,
            int maxStreams,
            Transport transport,
            boolean standby,
            LastTransport last) {}

    private final RelayAddress relay;
    private final Self self;
    private final EventLoop loop;
    private final Executor blocking;
    private final Fleet fleet;
    private final RelayedExchange.Rules rules;
    private final Listener listener;
    private final Dialler dialler;
    private final WakeWatch wake = new WakeWatch(System.currentTimeMillis());
    private final SourceWatch source = new SourceWatch();
    private final ShortPath path = new ShortPath();
    private final OpenSessions open = new OpenSessions();
    private final RelayProcesses processes;
    private @Nullable Future<?> watch;
    private boolean modelsPending;
    private boolean stopped;

    /** The process that the newest session leads to: sessions with another are dead, and may not know. */
    private @Nullable Id relayId;

    /** The session that serves was dialled for another kind of path: a better one is wanted. */
    private boolean renews;

    /** Another address leads to the same relay, and its session is enough. */
    private boolean yields;

    NodeAgent(
            RelayAddress relay,
            Self self,
            Dialler.Address address,
            Identity identity,
            EventLoops loops,
            EventLoop loop,
            RelayProcesses processes,
            Fleet fleet,
            RelayedExchange.Rules rules,
            Listener listener) {
        this.relay = relay;
        this.self = self;
        this.loop = loop;
        this.blocking = loops.blocking();
        this.fleet = fleet;
        this.rules = rules;
        this.listener = listener;
        this.processes = processes;
        this.dialler = new Dialler(relay, self, address, identity, loops, loop, new Wishes(), path);
    }

    void start() {
        dialler.dialNow();
        watch = loop.scheduleAtFixedRate(
                () -> {
                    if (wake.woke(System.currentTimeMillis())) {
                        doubt("this machine has slept");
                    }
                    lookForAnotherWay();
                    measurePath();
                },
                WakeWatch.EVERY.toMillis(),
                WakeWatch.EVERY.toMillis(),
                TimeUnit.MILLISECONDS);
    }

    /** The sessions may be dead without knowing: a new one beside them takes over what waits, or they answer and stay. */
    private void doubt(String why) {
        if (!stopped) {
            LOG.info("relay {}: {}; dialling beside the session", relay, why);
            open.doubtAll();
            dialler.hurry();
        }
    }

    private void lookForAnotherWay() {
        TunnelSession serving = open.serving();
        if (serving != null) {
            source(serving, from -> {
                if (source.changed(from)) {
                    doubt("the way there changed");
                }
            });
        }
    }

    private void measurePath() {
        TunnelSession serving = open.serving();
        if (serving != null && !OpenSessions.isTcp(serving)) {
            if (path.measured(serving.roundTrip(), serving.stats())) {
                LOG.info("relay {}: {} path, dialling anew for it", relay, path.isShort() ? "a short" : "no short");
                renews = true;
                dialler.dialNow();
            }
        }
    }

    private void source(TunnelSession session, Consumer<@Nullable InetAddress> sink) {
        if (!(session.wire().remoteAddress() instanceof InetSocketAddress to)) {
            return;
        }
        try {
            blocking.execute(() -> {
                InetAddress from = SourceWatch.towards(to);
                loop.execute(() -> sink.accept(from));
            });
        } catch (RejectedExecutionException e) {
            LOG.debug("this node stops", e);
        }
    }

    /** A renewed certificate: a new session with it, then the old one drains. */
    void useIdentity(Identity renewed) {
        open.doubtAll();
        dialler.use(renewed);
    }

    /** Ends when every exchange has, or at the deadline. */
    void stop(Duration deadline, Runnable stoppedAll) {
        stopped = true;
        dialler.cancel();
        if (watch != null) {
            watch.cancel(false);
        }
        open.whenEmpty(stoppedAll);
        open.all().forEach(s -> s.drain(Code.DRAINING, deadline, "the node is stopping"));
    }

    private boolean wanted() {
        return !stopped && !yields;
    }

    boolean isServing() {
        return open.serving() != null;
    }

    /** The address that made this one needless has lost its session. */
    void needed() {
        if (yields) {
            yields = false;
            dialler.dialNow();
        }
    }

    /** What a dial is for. */
    private final class Wishes implements Dialler.Wishes {
        @Override
        public boolean quic() {
            TunnelSession serving = open.serving();
            return wanted()
                    && (serving == null
                            || (renews || OpenSessions.isTcp(serving))
                                    && self.transport().quic());
        }

        @Override
        public boolean tcp() {
            return wanted() && (open.serving() == null || self.standby() && !open.hasTcp());
        }

        @Override
        public boolean served() {
            return open.serving() != null;
        }

        @Override
        public Serving session() {
            return new Serving();
        }
    }

    // ---- serving

    private void opened(TunnelSession session, Frame.HelloOk ok, Dial.Connection connection) {
        if (relayId != null && !relayId.equals(ok.relay())) {
            LOG.warn("relay {}: the relay has restarted", relay);
            open.doubtAll();
        }
        relayId = ok.relay();
        TunnelSession before = open.serving();
        open.add(session);
        if (stopped) {
            leave(session, "the node is stopping");
            return;
        }
        if (before == null && processes.servedByAnother(ok.relay(), this)) {
            LOG.info("relay {}: two of its addresses lead to one process", relay);
            yields = true;
            leave(session, "the same relay by another address");
            dialler.cancel();
            return;
        }
        connection.onBootNotice(ok.bootToken(), () -> session.close(Code.SESSION_LOST, "the relay has restarted"));
        if (before != null && !OpenSessions.isTcp(before) && OpenSessions.isTcp(session)) {
            if (self.standby()) {
                LOG.info("relay {}: a session over tcp stands by", relay);
            } else {
                leave(session, "QUIC was faster");
            }
            return;
        }
        serve(session);
        source(session, source::begin);
        session.wire().stats(stats -> {
            if (open.serving() == session) {
                LOG.debug("relay {}: round trip {} us", relay, stats.roundTrip().toNanos() / 1_000);
            }
            listener.connected(ok.name(), session.wire().transport(), stats.roundTrip());
        });
        LOG.info(
                "connected to {} as {} over {}",
                relay,
                ok.name(),
                session.wire().transport());
    }

    /** New exchanges come here from now on; what served before stands by, or ends in order. */
    private void serve(TunnelSession session) {
        renews &= OpenSessions.isTcp(session);
        path.begin();
        dialler.opened(session.wire().transport());
        for (TunnelSession one : open.replacedBy(session, self.standby())) {
            leave(one, "a newer session took over");
        }
        dialler.probeLater();
        sendModels();
        sendLoad();
    }

    private void leave(TunnelSession session, String reason) {
        open.leaves(session);
        session.drain(Code.MOVED, DRAIN, reason);
    }

    /** At most one MODELS a turn of the loop. */
    void sendModels() {
        if (!modelsPending) {
            modelsPending = true;
            loop.execute(() -> {
                modelsPending = false;
                TunnelSession serving = open.serving();
                if (serving != null) {
                    serving.sendModels(Unpooled.wrappedBuffer(ModelsJson.models(fleet.present())));
                }
            });
        }
    }

    void sendLoad() {
        TunnelSession serving = open.serving();
        if (serving != null) {
            serving.sendLoad(
                    Unpooled.wrappedBuffer(rules.control().models().load().json()));
        }
    }

    private final class Serving implements SessionEvents, Dialler.Opening {
        private final long openedAt = System.nanoTime();
        private @Nullable TunnelSession session;
        private Frame.@Nullable HelloOk ok;

        @Override
        public SessionEvents events(Frame.HelloOk accepted) {
            ok = accepted;
            return this;
        }

        @Override
        public void opened(TunnelSession own, Dial.Connection connection) {
            session = own;
            NodeAgent.this.opened(own, Objects.requireNonNull(ok, "a session without HELLO_OK"), connection);
        }

        @Override
        public NodeAssociation association(Frame.HelloOk accepted, long number) {
            return processes.associationWith(accepted.relay(), number, NodeAgent.this);
        }

        @Override
        public ExchangeEvents onExchange(TunnelExchange exchange, Frame.Request request) {
            if (TunnelHeads.pseudo(request.fields(), ":authority", "").equals(TunnelHeads.CONTROL)) {
                return new ControlExchange(exchange, request, loop, rules.control());
            }
            return RelayedExchange.begin(exchange, request, loop, rules);
        }

        @Override
        public void onVerdict(boolean suspect) {
            TunnelSession own = session;
            if (own == null) {
                return;
            }
            TunnelSession before = open.serving();
            if (suspect) {
                open.doubt(own);
                if (before == own) {
                    LOG.warn("relay {} does not answer; dialling beside the session", relay);
                    sendModels();
                    dialler.hurry();
                }
            } else if (open.trust(own)) {
                LOG.info("relay {} answers again", relay);
                TunnelSession serving = open.serving();
                if (serving == own) {
                    serve(own);
                } else if (serving != null && OpenSessions.isTcp(own) == OpenSessions.isTcp(serving)) {
                    leave(own, "a newer session took over");
                }
            }
        }

        @Override
        public void onGoAway(Frame.GoAway away) {
            TunnelSession own = session;
            if (own != null && !open.isLeaving(own)) {
                boolean served = open.serving() == own;
                open.leaves(own);
                if (served) {
                    LOG.info("relay {} goes away: {}", relay, away.reason());
                }
                if (served && away.code() != Code.SUPERSEDED) {
                    dialler.hurry();
                }
            }
        }

        @Override
        public void onClosed(Code code, String reason) {
            TunnelSession own = session;
            listener.disconnected(code + ": " + reason);
            if (own == null) {
                return;
            }
            boolean served = open.serving() == own;
            boolean stoodBy = !served && OpenSessions.isTcp(own) && !open.isLeaving(own);
            open.remove(own);
            if (open.serving() == null) {
                listener.lost();
            }
            if (stopped) {
                return;
            }
            if (code == Code.SUPERSEDED) {
                dialler.superseded();
            } else if (code == Code.REVOKED) {
                dialler.later(Dialler.REFUSED_PAUSE_MILLIS);
            } else if (open.serving() == null) {
                LOG.warn("relay {}: session lost, {}: {}", relay, code, reason);
                dialler.hurry();
            } else if (served) {
                LOG.warn("relay {}: session lost, {}: {}; the one that stood by serves", relay, code, reason);
                serve(open.serving());
            } else if (stoodBy) {
                standbyLost(code);
            }
        }

        /** The kernel of a relay that was killed ends its TCP connections at once; its QUIC sessions would be missed seconds later. */
        private void standbyLost(Code code) {
            boolean settled = System.nanoTime() - openedAt > TRUSTED_STANDBY.toNanos();
            if (code == Code.SESSION_LOST && settled) {
                LOG.warn("relay {}: the session that stood by was lost; dialling beside the other", relay);
                open.doubtAll();
                dialler.hurry();
            } else {
                dialler.later(Dialler.PROBE_MILLIS);
            }
        }
    }
}
