// SPDX-License-Identifier: MIT
package io.goinfer.tunnel.session;

import io.goinfer.tunnel.frame.Code;
import io.goinfer.tunnel.frame.Id;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
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

    /** What a session left behind. Confined to the loop of that session. */
    private static final class Group implements TunnelExchange.Holder {
        private final TunnelSession from;
        private final Set<Long> sessions;
        private final Map<Id, TunnelExchange> exchanges = new LinkedHashMap<>();

        Group(TunnelSession from, Set<Long> sessions) {
            this.from = from;
            this.sessions = sessions;
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

    /** Sessions that were given up, until the node has answered for their exchanges: each is in one group, or in one session's RESUME. */
    private final Set<Long> givenUp = new HashSet<>();

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
            givenUp.clear();
        }
        all.forEach(group -> group.from.wire().loop().execute(() -> endAll(group, code, reason)));
        tellIfIdle();
    }

    @Override
    public void opened(TunnelSession session) {
        List<Group> waiting;
        List<TunnelSession> suspects;
        synchronized (this) {
            abandoned = null;
            sessions.add(session);
            waiting = List.copyOf(groups);
            groups.clear();
            suspects = sessions.stream().filter(TunnelSession::suspect).toList();
        }
        suspects.forEach(one -> one.wire().loop().execute(() -> suspected(one)));
        waiting.forEach(group -> group.from.wire().loop().execute(() -> handOver(group, session)));
    }

    @Override
    public void suspected(TunnelSession session) {
        if (session.suspect() && session.exchanges() > 0 && other(session) != null) {
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

    /**
     * A RESUME that names a session ends what it does not list of it. So a session is named by one group at a time: one that ends while the node has not
     * answered for what it was suspected with leaves its number there.
     */
    private Group giveUp(TunnelSession session) {
        Set<Long> numbers = session.resuming().takeGivenUp();
        synchronized (this) {
            if (givenUp.add(session.number())) {
                numbers.add(session.number());
            }
        }
        return new Group(session, numbers);
    }

    /** The node has answered for the exchanges of these sessions. */
    synchronized void settled(Set<Long> numbers) {
        givenUp.removeAll(numbers);
    }

    @Override
    public void remember(Id exchange, Code code) {}

    @Override
    public boolean refuses(Id exchange, TunnelSession session) {
        return false;
    }

    /** Where exchanges of {@code from} can go on now: QUIC before TCP, the newest. */
    private synchronized @Nullable TunnelSession other(TunnelSession from) {
        TunnelSession best = null;
        for (TunnelSession one : sessions) {
            boolean usable = one != from && !one.suspect() && !one.isClosed();
            if (usable && (best == null || better(one, best))) {
                best = one;
            }
        }
        return best;
    }

    private static boolean better(TunnelSession one, TunnelSession other) {
        boolean sameTransport = one.wire().transport().equals(other.wire().transport());
        return sameTransport
                ? one.number() > other.number()
                : one.wire().transport().equals("quic");
    }

    /** On the group's loop. */
    private void place(Group group) {
        if (group.sessions.isEmpty() && group.exchanges.isEmpty()) {
            tellIfIdle();
            return;
        }
        Abandoned end;
        TunnelSession next;
        synchronized (this) {
            end = abandoned;
            next = end == null ? other(group.from) : null;
            if (end == null && next == null) {
                groups.add(group);
            }
        }
        if (end != null) {
            settled(group.sessions);
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
        Collection<TunnelExchange> all = List.copyOf(group.exchanges.values());
        all.forEach(exchange -> exchange.moving(to));
        to.wire().loop().execute(() -> take(group, to));
    }

    /** On the new session's loop: the group belongs to it from here on. */
    private void take(Group group, TunnelSession session) {
        List<TunnelExchange> wanted = List.copyOf(group.exchanges.values());
        if (session.isClosed()) {
            Group next = giveUp(session);
            next.sessions.addAll(group.sessions);
            wanted.forEach(exchange -> {
                exchange.detach(next, 0, false);
                next.exchanges.put(exchange.id(), exchange);
            });
            place(next);
            return;
        }
        resumed.addAndGet(wanted.size());
        if (!wanted.isEmpty()) {
            LOG.info(
                    "{} exchanges go on in session {} over {}",
                    wanted.size(),
                    session.number(),
                    session.wire().transport());
        }
        session.resuming().ask(group.sessions, wanted);
    }

    private void expireLater(Group group) {
        group.from
                .wire()
                .loop()
                .schedule(
                        () -> {
                            boolean waits;
                            synchronized (this) {
                                waits = groups.remove(group);
                                if (waits) {
                                    givenUp.removeAll(group.sessions);
                                }
                            }
                            if (waits) {
                                endAll(group, Code.SESSION_LOST, "the node did not come back");
                            }
                        },
                        window.toMillis(),
                        TimeUnit.MILLISECONDS)
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
