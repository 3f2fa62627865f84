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
import io.goinfer.tunnel.session.NodeGreeting;
import io.goinfer.tunnel.session.SessionEvents;
import io.goinfer.tunnel.session.SessionTerms;
import io.goinfer.tunnel.session.TunnelExchange;
import io.goinfer.tunnel.session.TunnelSession;
import io.goinfer.tunnel.wire.Dial;
import io.netty.buffer.Unpooled;
import io.netty.channel.EventLoop;
import io.netty.util.concurrent.Future;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
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
    private static final long PROBE_MILLIS = 30_000;
    private static final long SUPERSEDED_PAUSE_MILLIS = 60_000;
    private static final long REFUSED_PAUSE_MILLIS = 30_000;

    /** What happened, for the log of the process that embeds it. On the agent's loop. */
    interface Listener {
        void connected(String nodeName, String transport, Duration roundTrip);

        void disconnected(String reason);
    }

    /** Who this node is towards this relay. */
    record Self(String name, String software, Id instance, Epoch epoch, int maxStreams, Transport transport) {}

    private final RelayAddress relay;
    private final Self self;
    private final EventLoops loops;
    private final EventLoop loop;
    private final Fleet fleet;
    private final RelayedExchange.Rules rules;
    private final Listener listener;
    private final Reconnect reconnect = new Reconnect(ThreadLocalRandom.current());
    private final Race race;
    private final Set<String> problems = new HashSet<>();
    private final List<TunnelSession> sessions = new ArrayList<>();
    private final RelayProcess process;
    private Identity identity;
    private long epoch;
    private long number;
    private long supersededAt;
    private @Nullable TunnelSession serving;
    private @Nullable Future<?> nextDial;
    private boolean modelsPending;
    private boolean stopped;

    NodeAgent(
            RelayAddress relay,
            Self self,
            Identity identity,
            EventLoops loops,
            Fleet fleet,
            RelayedExchange.Rules rules,
            Listener listener) {
        this.relay = relay;
        this.self = self;
        this.identity = identity;
        this.loops = loops;
        this.loop = loops.next();
        this.fleet = fleet;
        this.rules = rules;
        this.listener = listener;
        this.epoch = self.epoch().current();
        this.process = new RelayProcess(loop, rules.limits().resume());
        this.race = new Race(relay, self.transport(), self.maxStreams(), loop, new Attempts());
    }

    void start() {
        fleet.onChange(() -> loop.execute(this::sendModels));
        rules.control().models().onLoad(() -> loop.execute(this::sendLoad));
        loop.execute(this::dial);
    }

    /** A renewed certificate: a new session with it, then the old one drains. */
    void useIdentity(Identity renewed) {
        loop.execute(() -> {
            identity = renewed;
            serving = null;
            dialNow();
        });
    }

    /** Ends when every exchange has, or at the deadline. */
    void stop(Duration deadline, Runnable stoppedAll) {
        loop.execute(() -> {
            stopped = true;
            cancelDials();
            if (sessions.isEmpty()) {
                stoppedAll.run();
            }
            whenEmpty = stoppedAll;
            List.copyOf(sessions).forEach(s -> s.drain(Code.DRAINING, deadline, "the node is stopping"));
        });
    }

    private @Nullable Runnable whenEmpty;

    // ---- dialling

    private void dialNow() {
        if (nextDial != null) {
            nextDial.cancel(false);
        }
        dial();
    }

    private void dial() {
        nextDial = null;
        if (!wantsQuic()) {
            return;
        }
        loops.blocking().execute(() -> {
            try {
                InetAddress address = InetAddress.getByName(relay.host());
                loop.execute(() -> dial(new InetSocketAddress(address, relay.port())));
            } catch (UnknownHostException e) {
                loop.execute(() -> problem("the name " + relay.host() + " does not resolve", 0));
            }
        });
        if (serving == null && reconnect.eager(System.nanoTime())) {
            // Do not wait for this attempt: the first packet of it may be lost in an outage that is just ending.
            later(reconnect.next(System.nanoTime()));
        }
    }

    private void dial(InetSocketAddress address) {
        if (wantsQuic()) {
            race.start(address, identity);
        }
    }

    /** Anything better than what serves now. */
    private boolean wantsQuic() {
        return !stopped
                && (serving == null || isTcp(serving) && self.transport().quic());
    }

    private static boolean isTcp(TunnelSession session) {
        return session.wire().transport().equals("tcp");
    }

    private void later(long millis) {
        if (nextDial == null && !stopped) {
            nextDial = loop.schedule(() -> dial(), millis, TimeUnit.MILLISECONDS);
        }
    }

    private void cancelDials() {
        cancelNext();
        race.cancel();
    }

    private void cancelNext() {
        if (nextDial != null) {
            nextDial.cancel(false);
            nextDial = null;
        }
    }

    private void problem(String text, long pauseMillis) {
        if (!wantsQuic()) {
            return;
        }
        if (serving != null) {
            LOG.debug("relay {}: still over TCP: {}", relay, text);
            later(PROBE_MILLIS);
            return;
        }
        if (problems.add(text)) {
            LOG.warn("relay {}: {}; trying again", relay, text);
        }
        if (pauseMillis > 0) {
            cancelDials();
        }
        later(Math.max(pauseMillis, reconnect.next(System.nanoTime())));
    }

    /** What the race brings: each connection is greeted. */
    private final class Attempts implements Race.Wanted {
        @Override
        public boolean quic() {
            return wantsQuic();
        }

        @Override
        public boolean tcp() {
            return !stopped && serving == null;
        }

        @Override
        public void connected(Dial.Connection connection) {
            boolean isTcp = connection.wire().transport().equals("tcp");
            if (isTcp ? !tcp() : !quic()) {
                connection.wire().close(Code.NO_ERROR, "another attempt was faster");
                return;
            }
            Frame.Hello hello = new Frame.Hello(
                    SessionTerms.VERSION,
                    SessionTerms.VERSION,
                    0,
                    self.instance(),
                    epoch,
                    0,
                    ++number,
                    self.maxStreams(),
                    SessionTerms.DEFAULT_FLOOR,
                    self.name(),
                    self.software());
            Serving events = new Serving();
            NodeGreeting.greet(
                    connection.wire(),
                    hello,
                    events,
                    session -> opened(session, events, connection),
                    (code, retryAfterMillis, reason) -> refused(code, retryAfterMillis, reason));
        }

        @Override
        public void failed(int httpStatus, String reason) {
            if (httpStatus == 401 || httpStatus == 403) {
                problem(
                        "the relay refuses this node: " + reason + " (a new join token enrols it again)",
                        REFUSED_PAUSE_MILLIS);
            } else {
                problem(reason, 0);
            }
        }
    }

    private void refused(Code code, long retryAfterMillis, String reason) {
        if (code == Code.SUPERSEDED) {
            superseded();
            return;
        }
        long pause = code == Code.REVOKED || code == Code.UNKNOWN_CA ? REFUSED_PAUSE_MILLIS : retryAfterMillis;
        problem(code + ": " + reason, pause);
    }

    /** Another process has our identity: outbid it once; twice in a minute means two machines. */
    private void superseded() {
        long now = System.nanoTime();
        boolean again = supersededAt != 0 && now - supersededAt < TimeUnit.MINUTES.toNanos(1);
        supersededAt = now;
        if (again) {
            problem("another machine uses this node's identity; give each its own join token", SUPERSEDED_PAUSE_MILLIS);
            return;
        }
        loops.blocking().execute(() -> {
            long raised = self.epoch().raise();
            loop.execute(() -> {
                epoch = raised;
                dialNow();
            });
        });
    }

    // ---- serving

    private void opened(TunnelSession session, Serving events, Dial.Connection connection) {
        Frame.HelloOk ok = events.ok;
        if (ok == null) {
            throw new IllegalStateException("a session without HELLO_OK");
        }
        events.session = session;
        sessions.add(session);
        problems.clear();
        if (serving != null && !isTcp(serving) && isTcp(session)) {
            session.drain(Code.MOVED, Duration.ofSeconds(30), "QUIC was faster");
            return;
        }
        reconnect.connected();
        connection.onBootNotice(ok.bootToken(), () -> session.close(Code.SESSION_LOST, "the relay has restarted"));
        serve(session);
        sendModels();
        sendLoad();
        session.wire().stats(stats -> {
            if (serving == session) {
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

    /** New exchanges come here from now on; what served before ends in order. */
    private void serve(TunnelSession session) {
        TunnelSession before = serving;
        serving = session;
        cancelNext();
        race.opened(session.wire().transport());
        if (wantsQuic()) {
            later(PROBE_MILLIS);
        }
        if (before != null) {
            before.drain(Code.MOVED, Duration.ofSeconds(30), "a newer session took over");
        }
    }

    /** At most one MODELS a turn of the loop. */
    private void sendModels() {
        if (!modelsPending) {
            modelsPending = true;
            loop.execute(() -> {
                modelsPending = false;
                if (serving != null) {
                    serving.sendModels(Unpooled.wrappedBuffer(ModelsJson.models(fleet.present())));
                }
            });
        }
    }

    private void sendLoad() {
        if (serving != null) {
            serving.sendLoad(
                    Unpooled.wrappedBuffer(rules.control().models().load().json()));
        }
    }

    private final class Serving implements SessionEvents, NodeGreeting.Accepted {
        private @Nullable TunnelSession session;
        private Frame.@Nullable HelloOk ok;

        @Override
        public SessionEvents events(Frame.HelloOk accepted) {
            ok = accepted;
            return this;
        }

        @Override
        public NodeAssociation association(Frame.HelloOk accepted) {
            return process.associationWith(accepted.relay());
        }

        @Override
        public ExchangeEvents onExchange(TunnelExchange exchange, Frame.Request request) {
            if (TunnelHeads.pseudo(request.fields(), ":authority", "").equals(TunnelHeads.CONTROL)) {
                return new ControlExchange(exchange, request, loop, rules.control());
            }
            RelayedExchange relayed = new RelayedExchange(exchange, request, loop, rules);
            // Behind the caller's own bookkeeping: the exchange has its receiver of events then.
            loop.execute(relayed::start);
            return relayed;
        }

        @Override
        public void onVerdict(boolean suspect) {
            if (suspect && serving == session) {
                LOG.warn("relay {} does not answer; dialling beside the session", relay);
                reconnect.lost(System.nanoTime());
                serving = null;
                dialNow();
            } else if (!suspect && session != null && (serving == null || isTcp(serving) && !isTcp(session))) {
                LOG.info("relay {} answers again", relay);
                serve(session);
                sendModels();
            }
        }

        @Override
        public void onGoAway(Frame.GoAway away) {
            if (serving == session) {
                LOG.info("relay {} goes away: {}", relay, away.reason());
                serving = null;
                if (away.code() != Code.SUPERSEDED) {
                    reconnect.lost(System.nanoTime());
                    dialNow();
                }
            }
        }

        @Override
        public void onClosed(Code code, String reason) {
            sessions.remove(session);
            boolean wasServing = serving == session;
            if (wasServing) {
                serving = null;
            }
            listener.disconnected(code + ": " + reason);
            if (stopped) {
                if (sessions.isEmpty() && whenEmpty != null) {
                    whenEmpty.run();
                }
            } else if (code == Code.SUPERSEDED) {
                superseded();
            } else if (serving == null) {
                LOG.warn("relay {}: session lost, {}: {}", relay, code, reason);
                if (code == Code.REVOKED) {
                    later(REFUSED_PAUSE_MILLIS);
                } else {
                    reconnect.lost(System.nanoTime());
                    dialNow();
                }
            }
        }
    }
}
