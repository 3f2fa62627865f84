// SPDX-License-Identifier: MIT
package io.goinfer.tunnel.session;

import io.goinfer.tunnel.frame.Code;
import io.goinfer.tunnel.frame.Frame;
import io.goinfer.tunnel.frame.Id;
import io.goinfer.tunnel.wire.Wire;
import io.netty.channel.EventLoop;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The relay's side of an association: exchanges without a session wait here and go to the first session that comes. Thread-safe; an exchange changes its
 * loop only here, while it waits.
 */
public final class RelayAssociation implements Association {
    private static final Logger LOG = LoggerFactory.getLogger(RelayAssociation.class);

    /** What a session left behind, and the ranges that the node has not answered for. Confined to one loop, first that session's. */
    private static final class Group implements TunnelExchange.Holder {
        private final List<Frame.Range> ranges;
        private final Map<Id, TunnelExchange> exchanges = new LinkedHashMap<>();
        private final Wire clock;
        private EventLoop loop;

        /** In ns; 0: it has not waited yet. */
        private long deadline;

        Group(TunnelSession from, List<Frame.Range> ranges) {
            this.clock = from.wire();
            this.loop = clock.loop();
            this.ranges = ranges;
            from.detachAll(this).forEach(exchange -> exchanges.put(exchange.id(), exchange));
        }

        @Override
        public void ended(TunnelExchange exchange) {
            exchanges.remove(exchange.id());
        }
    }

    private final Id relay;
    private final Duration window;
    private final Runnable whenIdle;
    private final List<TunnelSession> sessions = new ArrayList<>();
    private final List<Group> groups = new ArrayList<>();

    /** The one order of everything that is opened and resumed, whatever the session: PROTOCOL.md §6.10. */
    private final AtomicLong order = new AtomicLong();

    private final AtomicLong resumed = new AtomicLong();
    private @Nullable Abandoned abandoned;

    private record Abandoned(Code code, String reason) {}

    /**
     * @param relay random per relay process
     * @param window how long an exchange may be without a session
     * @param whenIdle neither session nor exchange is left
     */
    public RelayAssociation(Id relay, Duration window, Runnable whenIdle) {
        this.relay = relay;
        this.window = window;
        this.whenIdle = whenIdle;
    }

    Id relay() {
        return relay;
    }

    /** Exchanges that went on in another session. */
    public long resumed() {
        return resumed.get();
    }

    /** Exchanges that wait for a session, about. Any thread. */
    public synchronized int waiting() {
        return groups.stream().mapToInt(group -> group.exchanges.size()).sum();
    }

    /** The node's process is gone: ends what waits for it, and what its sessions leave behind from now on. */
    public void abandon(Code code, String reason) {
        List<Group> all;
        synchronized (this) {
            abandoned = new Abandoned(code, reason);
            all = List.copyOf(groups);
            groups.clear();
        }
        all.forEach(group -> group.loop.execute(() -> endAll(group, code, reason)));
        tellIfIdle();
    }

    /** The place of what a session opens or asks for now. */
    long nextOrder() {
        return order.incrementAndGet();
    }

    Duration window() {
        return window;
    }

    @Override
    public void opened(TunnelSession session) {
        synchronized (this) {
            abandoned = null;
            sessions.add(session);
        }
        takeUp();
    }

    @Override
    public void judged(TunnelSession session) {
        if (session.suspect()) {
            leave(session);
        } else {
            takeUp();
        }
    }

    /** There is one more session to go on in. */
    private void takeUp() {
        List<Group> waiting;
        List<TunnelSession> suspects;
        synchronized (this) {
            waiting = List.copyOf(groups);
            groups.clear();
            suspects = sessions.stream().filter(TunnelSession::suspect).toList();
        }
        suspects.forEach(one -> one.wire().loop().execute(() -> leave(one)));
        waiting.forEach(group -> group.loop.execute(() -> place(group)));
    }

    /** Its exchanges go on elsewhere, if they can. On its loop. */
    private void leave(TunnelSession session) {
        if (session.suspect() && session.exchanges() > 0 && best() != null) {
            place(giveUp(session));
        }
    }

    @Override
    public void closed(TunnelSession session) {
        synchronized (this) {
            sessions.remove(session);
        }
        place(giveUp(session));
    }

    /** All that was opened or resumed in it until now, and what it stood in for. */
    private Group giveUp(TunnelSession session) {
        List<Frame.Range> ranges = session.resuming().takeRanges();
        Frame.Range own = session.takeRange(order.get());
        if (own.after() < own.upTo()) {
            ranges.add(own);
        }
        return new Group(session, ranges);
    }

    @Override
    public void finished(TunnelExchange exchange, Code code) {}

    /**
     * Where exchanges can go on now: where more may be opened, QUIC before TCP, the newest. Sessions of other loops may have changed by the time: {@link #take} looks
     * again, and whoever changes comes by here ({@link #judged}, {@link #closed}).
     */
    private synchronized @Nullable TunnelSession best() {
        TunnelSession best = null;
        for (TunnelSession one : sessions) {
            boolean usable = !one.suspect() && !one.isClosed();
            if (usable && (best == null || better(one, best))) {
                best = one;
            }
        }
        return best;
    }

    private static boolean better(TunnelSession one, TunnelSession other) {
        if (one.accepts() != other.accepts()) {
            return one.accepts();
        }
        boolean sameTransport = one.wire().transport().equals(other.wire().transport());
        return sameTransport
                ? one.number() > other.number()
                : one.wire().transport().equals("quic");
    }

    /** On the group's loop. */
    private void place(Group group) {
        if (group.ranges.isEmpty() && group.exchanges.isEmpty()) {
            tellIfIdle();
            return;
        }
        Abandoned end;
        TunnelSession next;
        synchronized (this) {
            end = abandoned;
            next = end == null ? best() : null;
            if (end == null && next == null) {
                groups.add(group);
            }
        }
        if (end != null) {
            endAll(group, end.code(), end.reason());
        } else if (next != null) {
            handOver(group, next);
        } else {
            LOG.debug("{} exchanges wait for their node", group.exchanges.size());
            expireLater(group);
        }
    }

    /** On the group's loop. */
    private void handOver(Group group, TunnelSession to) {
        EventLoop next = to.wire().loop();
        List.copyOf(group.exchanges.values()).forEach(exchange -> exchange.moving(next));
        next.execute(() -> {
            group.loop = next;
            take(group, to);
        });
    }

    /** On the new session's loop: the group belongs to it from here on. */
    private void take(Group group, TunnelSession session) {
        if (session.isClosed() || session.suspect()) {
            place(group);
            return;
        }
        List<TunnelExchange> wanted = List.copyOf(group.exchanges.values());
        resumed.addAndGet(wanted.size());
        if (!wanted.isEmpty()) {
            LOG.info(
                    "{} exchanges go on in session {} over {}",
                    wanted.size(),
                    session.number(),
                    session.wire().transport());
        }
        session.resuming().ask(nextOrder(), group.ranges, wanted);
    }

    /** The window of a group begins when it first has nowhere to go. */
    private void expireLater(Group group) {
        long now = group.clock.nanoTime();
        if (group.deadline == 0) {
            group.deadline = now + window.toNanos();
        }
        group.loop
                .schedule(
                        () -> {
                            boolean waits;
                            synchronized (this) {
                                waits = groups.remove(group);
                            }
                            if (waits) {
                                group.loop.execute(
                                        () -> endAll(group, Code.SESSION_LOST, "the node did not come back"));
                            }
                        },
                        group.deadline - now,
                        TimeUnit.NANOSECONDS)
                .addListener(done -> {});
    }

    private void endAll(Group group, Code code, String reason) {
        List.copyOf(group.exchanges.values()).forEach(exchange -> exchange.lost(code, reason));
        tellIfIdle();
    }

    private void tellIfIdle() {
        boolean idle;
        synchronized (this) {
            idle = sessions.isEmpty() && groups.isEmpty();
        }
        if (idle) {
            whenIdle.run();
        }
    }
}
