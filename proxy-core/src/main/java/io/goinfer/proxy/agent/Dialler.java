// SPDX-License-Identifier: MIT
package io.goinfer.proxy.agent;

import io.goinfer.certs.Identity;
import io.goinfer.proxy.net.EventLoops;
import io.goinfer.tunnel.frame.Code;
import io.goinfer.tunnel.frame.Frame;
import io.goinfer.tunnel.session.NodeGreeting;
import io.goinfer.tunnel.session.SessionTerms;
import io.goinfer.tunnel.session.TunnelSession;
import io.goinfer.tunnel.wire.Dial;
import io.netty.channel.EventLoop;
import io.netty.util.concurrent.Future;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** When one address of a relay is dialled, and what each connection says first. Confined to the link's loop. */
final class Dialler {
    private static final Logger LOG = LoggerFactory.getLogger(Dialler.class);

    /** How often something better, or something to stand by, is tried. */
    static final long PROBE_MILLIS = 30_000;

    static final long REFUSED_PAUSE_MILLIS = 30_000;
    private static final int MAX_PROBLEMS = 100;
    private static final long SUPERSEDED_PAUSE_MILLIS = 60_000;

    /** A standby waits until the session that serves has settled. */
    private static final long STANDBY_MILLIS = 1_000;

    /** Where the relay is now. Blocking. */
    interface Address {
        InetAddress resolve() throws UnknownHostException;
    }

    /** What the one who dials wants. On the loop. */
    interface Wishes {
        boolean quic();

        boolean tcp();

        /** A session serves: what is wanted is only better. */
        boolean served();

        Opening session();
    }

    /** A session in the making. On the loop. */
    interface Opening extends NodeGreeting.Accepted {
        void opened(TunnelSession session, Dial.Connection connection);
    }

    private final RelayAddress relay;
    private final NodeAgent.Self self;
    private final Address address;
    private final EventLoops loops;
    private final EventLoop loop;
    private final Wishes wishes;
    private final Reconnect reconnect = new Reconnect(ThreadLocalRandom.current());
    private final Race race;
    /** What was said already; the relay chooses some of the words. */
    private final Set<String> problems = new HashSet<>();

    private Identity identity;
    private long supersededAt;
    private @Nullable Future<?> next;

    Dialler(
            RelayAddress relay,
            NodeAgent.Self self,
            Address address,
            Identity identity,
            EventLoops loops,
            EventLoop loop,
            Wishes wishes,
            ShortPath path) {
        this.relay = relay;
        this.self = self;
        this.address = address;
        this.identity = identity;
        this.loops = loops;
        this.loop = loop;
        this.wishes = wishes;
        this.race = new Race(relay, self, loop, loops.blocking(), new Attempts(), path);
    }

    /** From now on with this certificate. */
    void use(Identity renewed) {
        identity = renewed;
        dialNow();
    }

    /** A session was lost, or is in doubt: eagerly for a while. */
    void hurry() {
        reconnect.lost(System.nanoTime());
        dialNow();
    }

    void dialNow() {
        cancelNext();
        dial();
    }

    private void dial() {
        next = null;
        if (!wanted()) {
            return;
        }
        try {
            loops.blocking().execute(this::resolve);
        } catch (RejectedExecutionException e) {
            LOG.debug("this node stops", e);
            return;
        }
        if (!wishes.served() && reconnect.eager(System.nanoTime())) {
            // Do not wait for this attempt: the first packet of it may be lost in an outage that is just ending.
            later(reconnect.next(System.nanoTime()));
        }
    }

    private void resolve() {
        try {
            InetSocketAddress to = new InetSocketAddress(address.resolve(), relay.port());
            String network = LastTransport.network(SourceWatch.towards(to));
            loop.execute(() -> dial(to, network));
        } catch (UnknownHostException e) {
            loop.execute(() -> problem("the name " + relay.host() + " does not resolve", 0));
        }
    }

    private void dial(InetSocketAddress to, String network) {
        if (wanted()) {
            race.start(to, network, identity);
        }
    }

    private boolean wanted() {
        return wishes.quic() || wishes.tcp();
    }

    void later(long millis) {
        if (next == null && wanted()) {
            next = loop.schedule(() -> dial(), millis, TimeUnit.MILLISECONDS);
        }
    }

    /** For something better than what serves now, or beside it. */
    void probeLater() {
        if (wishes.quic()) {
            later(PROBE_MILLIS);
        } else if (wishes.tcp()) {
            later(STANDBY_MILLIS);
        }
    }

    /** A session serves. Attempts that could only bring a worse one end. */
    void opened(String transport) {
        cancelNext();
        race.opened(transport);
    }

    void cancel() {
        cancelNext();
        race.cancel();
    }

    private void cancelNext() {
        if (next != null) {
            next.cancel(false);
            next = null;
        }
    }

    private void problem(String text, long pauseMillis) {
        if (!wanted()) {
            return;
        }
        if (wishes.served()) {
            LOG.debug("relay {}: nothing better: {}", relay, text);
            later(PROBE_MILLIS);
            return;
        }
        if (problems.size() >= MAX_PROBLEMS) {
            problems.clear();
        }
        if (problems.add(text)) {
            LOG.warn("relay {}: {}; trying again", relay, text);
        }
        if (pauseMillis > 0) {
            cancel();
        }
        later(Math.max(pauseMillis, reconnect.next(System.nanoTime())));
    }

    /** What the race brings: each connection is greeted. */
    private final class Attempts implements Race.Wanted {
        @Override
        public boolean quic() {
            return wishes.quic();
        }

        @Override
        public boolean tcp() {
            return wishes.tcp();
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
                    self.instance().id(),
                    self.instance().epoch(),
                    0,
                    self.instance().nextNumber(),
                    self.maxStreams(),
                    SessionTerms.DEFAULT_FLOOR,
                    self.name(),
                    self.software());
            Opening opening = wishes.session();
            NodeGreeting.greet(
                    connection.wire(),
                    hello,
                    opening,
                    session -> {
                        problems.clear();
                        reconnect.connected();
                        opening.opened(session, connection);
                    },
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
    void superseded() {
        long now = System.nanoTime();
        boolean again = supersededAt != 0 && now - supersededAt < TimeUnit.MINUTES.toNanos(1);
        supersededAt = now;
        if (again) {
            problem("another machine uses this node's identity; give each its own join token", SUPERSEDED_PAUSE_MILLIS);
            return;
        }
        loops.blocking().execute(() -> {
            long raised = self.instance().raise();
            loop.execute(() -> {
                self.instance().raised(raised);
                dialNow();
            });
        });
    }
}
