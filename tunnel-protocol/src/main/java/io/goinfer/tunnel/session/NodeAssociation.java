// SPDX-License-Identifier: MIT
package io.goinfer.tunnel.session;

import io.goinfer.tunnel.frame.Code;
import io.goinfer.tunnel.frame.Frame;
import io.goinfer.tunnel.frame.FrameException;
import io.goinfer.tunnel.frame.Id;
import io.netty.channel.EventLoop;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** The node's side of an association: its exchanges wait here until the relay asks for them. Confined to the one loop of all its sessions. */
public final class NodeAssociation implements Association, TunnelExchange.Holder {
    /** An hour of a busy node; beyond it the oldest are forgotten. */
    private static final int MAX_REMEMBERED = 10_000;

    /** @param resumedIn the session whose RESUME was answered for it, 0 = none yet */
    private record Waiting(TunnelExchange exchange, long session, long resumedIn) {}

    private record Ended(Code code, long at) {}

    /** Its REQUEST had not come; the relay sends it anew in this session. */
    private record Awaited(long session, long at) {}

    private final EventLoop loop;
    private final Duration window;
    private final List<TunnelSession> sessions = new ArrayList<>();
    private final Map<Id, Waiting> waiting = new HashMap<>();
    private final Map<Id, Ended> ended = new LinkedHashMap<>();
    private final Map<Id, Awaited> awaited = new LinkedHashMap<>();
    private final Set<Id> listed = new HashSet<>();
    private boolean sweeping;

    /** @param window how long an exchange may be without a session */
    public NodeAssociation(EventLoop loop, Duration window) {
        this.loop = loop;
        this.window = window;
    }

    /** How many exchanges wait for a session. */
    public int waiting() {
        return waiting.size();
    }

    /** The relay's process is gone, and with it every client. */
    public void abandon(String reason) {
        List<Waiting> all = new ArrayList<>(waiting.values());
        waiting.clear();
        all.forEach(one -> one.exchange().lost(Code.SESSION_LOST, reason));
    }

    @Override
    public void opened(TunnelSession session) {
        sessions.add(session);
    }

    /** The relay decides where they go on. */
    @Override
    public void suspected(TunnelSession session) {}

    @Override
    public void closed(TunnelSession session) {
        sessions.remove(session);
        keepAllOf(session);
    }

    private void keepAllOf(TunnelSession session) {
        session.detachAll(this).forEach(exchange -> wait(exchange, session));
    }

    void keep(TunnelExchange exchange, TunnelSession from) {
        exchange.detach(this, System.nanoTime(), true);
        wait(exchange, from);
    }

    private void wait(TunnelExchange exchange, TunnelSession from) {
        waiting.put(exchange.id(), new Waiting(exchange, from.number(), 0));
        sweepLater();
    }

    @Override
    public void ended(TunnelExchange exchange) {
        waiting.remove(exchange.id());
    }

    @Nullable
    TunnelExchange detached(Id id) {
        Waiting one = waiting.get(id);
        return one == null ? null : one.exchange();
    }

    /** Credit may overtake the REQUEST that continues it. Credit of the session before must not count. */
    @Nullable
    TunnelExchange resuming(Id id, TunnelSession session) {
        Waiting one = waiting.get(id);
        return one == null || one.resumedIn() != session.number() ? null : one.exchange();
    }

    @Nullable
    TunnelExchange take(Id id) {
        Waiting one = waiting.remove(id);
        return one == null ? null : one.exchange();
    }

    /** What becomes of each exchange that the relay still wants; the others of those sessions end. */
    List<Frame.Answer> resume(TunnelSession session, Frame.Resume resume) {
        Collection<Long> numbers = resume.sessions();
        List.copyOf(sessions).stream()
                .filter(one -> one != session && numbers.contains(one.number()))
                .forEach(this::keepAllOf);
        List<Frame.Answer> answers = new ArrayList<>();
        for (Frame.Wanted wanted : resume.wanted()) {
            listed.add(wanted.exchange());
            answers.add(answer(session, wanted));
        }
        if (!resume.more()) {
            List<Waiting> left = waiting.values().stream()
                    .filter(one -> numbers.contains(one.session())
                            && !listed.contains(one.exchange().id()))
                    .toList();
            left.forEach(one -> one.exchange().lost(Code.CANCELLED, "the client left meanwhile"));
            listed.clear();
        }
        return answers;
    }

    private Frame.Answer answer(TunnelSession session, Frame.Wanted wanted) {
        Id id = wanted.exchange();
        // The relay has left the session that carries it, this one too, and the word of that may come later.
        for (TunnelSession any : List.copyOf(sessions)) {
            TunnelExchange carried = any.carried(id);
            if (carried != null) {
                any.moved(carried);
            }
        }
        Waiting one = waiting.get(id);
        if (one != null) {
            TunnelExchange exchange = one.exchange();
            try {
                Frame.Answer goesOn = new Handover(exchange).asked(session, wanted);
                waiting.put(id, new Waiting(exchange, one.session(), session.number()));
                return goesOn;
            } catch (FrameException e) {
                exchange.lost(e.code(), e.reason());
                session.peerError(e);
                return new Frame.Answer(id, Frame.Verdict.ENDED, false, e.code(), 0, 0);
            }
        }
        Ended known = ended.get(id);
        if (known == null) {
            put(awaited, id, new Awaited(session.number(), System.nanoTime()));
        }
        return known == null
                ? new Frame.Answer(id, Frame.Verdict.UNKNOWN, false, Code.NO_ERROR, 0, 0)
                : new Frame.Answer(id, Frame.Verdict.ENDED, false, known.code(), 0, 0);
    }

    // ---- what ended

    @Override
    public void remember(Id exchange, Code code) {
        put(ended, exchange, new Ended(code, System.nanoTime()));
    }

    private <T> void put(Map<Id, T> all, Id exchange, T what) {
        all.remove(exchange);
        all.put(exchange, what);
        if (all.size() > MAX_REMEMBERED) {
            Iterator<Id> oldest = all.keySet().iterator();
            oldest.next();
            oldest.remove();
        }
        sweepLater();
    }

    /**
     * It runs, waits or ended; or its REQUEST was lost on its way into a session, was sent anew in another, and comes late: QUIC cannot take back what it
     * sent with FIN. It must not run twice.
     */
    @Override
    public boolean refuses(Id exchange, TunnelSession session) {
        Awaited elsewhere = awaited.get(exchange);
        return waiting.containsKey(exchange)
                || ended.containsKey(exchange)
                || elsewhere != null && elsewhere.session() != session.number()
                || sessions.stream().anyMatch(one -> one.carried(exchange) != null);
    }

    private void sweepLater() {
        if (!sweeping) {
            sweeping = true;
            loop.schedule(this::sweep, window.toMillis() / 10, TimeUnit.MILLISECONDS)
                    .addListener(done -> {});
        }
    }

    private void sweep() {
        sweeping = false;
        long now = System.nanoTime();
        waiting.values().stream()
                .map(Waiting::exchange)
                .filter(exchange -> now - exchange.detachedAt() > window.toNanos())
                .toList()
                .forEach(exchange -> {
                    exchange.lost(Code.SESSION_LOST, "no session for " + window.toSeconds() + " s");
                    remember(exchange.id(), Code.SESSION_LOST);
                });
        ended.values().removeIf(one -> now - one.at() > 2 * window.toNanos());
        awaited.values().removeIf(one -> now - one.at() > 2 * window.toNanos());
        if (!waiting.isEmpty() || !ended.isEmpty() || !awaited.isEmpty()) {
            sweepLater();
        }
    }
}
