// SPDX-License-Identifier: MIT
package io.goinfer.tunnel.session;

import io.goinfer.tunnel.frame.Code;
import io.goinfer.tunnel.frame.Frame;
import io.goinfer.tunnel.frame.FrameException;
import io.goinfer.tunnel.frame.Id;
import io.netty.channel.EventLoop;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/** The node's side of an association: its exchanges, with and without a session. Confined to the one loop of all its sessions. */
public final class NodeAssociation implements Association, TunnelExchange.Holder {
    /** An hour of a busy node; beyond it the oldest are forgotten. */
    private static final int MAX_REMEMBERED = 10_000;

    /** An exchange and where the relay last wanted it: in the session of this number, by the REQUEST or RESUME of this order. */
    private static final class Known {
        private final TunnelExchange exchange;
        private long session;
        private long order;

        /** RESUME was answered, and the relay has not yet gone on with it. */
        private boolean answered;

        /** Since when it waits for the relay, in ns. */
        private long since;

        Known(TunnelExchange exchange) {
            this.exchange = exchange;
        }

        void wantedIn(TunnelSession in, long by) {
            session = in.number();
            order = by;
        }

        boolean isWantedIn(TunnelSession in, long by) {
            return answered && session == in.number() && order == by;
        }
    }

    private record Ended(Code code, long at) {}

    /** What was opened in a session up to this order is wanted elsewhere: what of it still comes, comes too late. */
    private record GivenUp(long upTo, long at) {}

    private final EventLoop loop;
    private final Duration window;
    private final LongSupplier clock;
    private final Map<Id, Known> known = new HashMap<>();
    private final Map<Id, Ended> ended = new LinkedHashMap<>();

    /** By the session's number: the relay may have opened and given up a session whose HELLO_OK is still on its way. */
    private final Map<Long, GivenUp> givenUp = new LinkedHashMap<>();

    private @Nullable String abandoned;
    private boolean sweeping;

    /** @param window how long an exchange may be without a session */
    public NodeAssociation(EventLoop loop, Duration window) {
        this(loop, window, System::nanoTime);
    }

    /** @param clock in ns, the one of its wires */
    public NodeAssociation(EventLoop loop, Duration window, LongSupplier clock) {
        this.loop = loop;
        this.window = window;
        this.clock = clock;
    }

    /** How many exchanges wait for a session. */
    public int waiting() {
        return (int) known.values().stream()
                .filter(one -> !one.exchange.hasSession())
                .count();
    }

    /** The relay's process is gone, and with it every client: ends what waits, and what its sessions leave behind from now on. */
    public void abandon(String reason) {
        abandoned = reason;
        endWaiting(reason);
    }

    private void endWaiting(String reason) {
        for (Known one : List.copyOf(known.values())) {
            if (!one.exchange.hasSession()) {
                one.exchange.lost(Code.SESSION_LOST, reason);
            }
        }
    }

    @Override
    public void opened(TunnelSession session) {}

    /** The relay decides where they go on. */
    @Override
    public void judged(TunnelSession session) {}

    @Override
    public void closed(TunnelSession session) {
        session.detachAll(this).forEach(this::waits);
        if (abandoned != null) {
            endWaiting(abandoned);
        }
    }

    /** It leaves a session that goes on. */
    void keep(TunnelExchange exchange) {
        exchange.detach(this, clock.getAsLong(), true);
        waits(exchange);
    }

    private void waits(TunnelExchange exchange) {
        Known one = known.get(exchange.id());
        if (one != null) {
            one.since = clock.getAsLong();
            sweepLater();
        }
    }

    void accepted(TunnelExchange exchange, TunnelSession session, long order) {
        Known one = new Known(exchange);
        one.wantedIn(session, order);
        known.put(exchange.id(), one);
    }

    @Override
    public void finished(TunnelExchange exchange, Code code) {
        known.remove(exchange.id());
        if (code != Code.NO_ERROR) {
            remember(exchange.id(), code);
        }
    }

    @Override
    public void ended(TunnelExchange exchange) {}

    /** Whether it has a session or not. */
    @Nullable
    TunnelExchange find(Id id) {
        Known one = known.get(id);
        return one == null ? null : one.exchange;
    }

    /** Credit may overtake the REQUEST that continues it. Credit of the session before must not count. */
    @Nullable
    TunnelExchange answeredIn(Id id, TunnelSession session) {
        Known one = known.get(id);
        return one == null || !one.answered || one.session != session.number() ? null : one.exchange;
    }

    /** REQUEST of kind continue. Null: another RESUME has come for it meanwhile, or it has ended. */
    @Nullable
    TunnelExchange goOn(Frame.Request request, TunnelSession session) {
        Known one = known.get(request.exchange());
        if (one == null || !one.isWantedIn(session, request.order())) {
            return null;
        }
        one.answered = false;
        return one.exchange;
    }

    /** How it ended. */
    Code endOf(Id exchange) {
        Ended before = ended.get(exchange);
        return before == null ? Code.SESSION_LOST : before.code();
    }

    /**
     * REQUEST of kind new. It runs, waits or ended; or it was lost on its way into a session, was asked for in another, and comes late: QUIC cannot take
     * back what it sent with FIN. It must not run twice.
     */
    boolean refuses(Frame.Request request, TunnelSession session) {
        return known.containsKey(request.exchange())
                || ended.containsKey(request.exchange())
                || isGivenUp(session.number(), request.order());
    }

    private boolean isGivenUp(long session, long order) {
        GivenUp until = givenUp.get(session);
        return until != null && order <= until.upTo();
    }

    /** What becomes of each exchange that the relay still wants; what else it has of the ranges ends. */
    List<Frame.Answer> resume(TunnelSession session, Frame.Resume resume) {
        for (Frame.Range range : resume.ranges()) {
            GivenUp before = givenUp.get(range.session());
            long upTo = before == null ? range.upTo() : Math.max(range.upTo(), before.upTo());
            put(givenUp, range.session(), new GivenUp(upTo, clock.getAsLong()));
        }
        List<Frame.Answer> answers = new ArrayList<>();
        for (Frame.Wanted wanted : resume.wanted()) {
            Frame.Answer answer = answer(session, resume.order(), wanted);
            if (answer != null) {
                answers.add(answer);
            }
        }
        if (!resume.more()) {
            List.copyOf(known.values()).stream()
                    .filter(one -> resume.ranges().stream().anyMatch(range -> range.covers(one.session, one.order)))
                    .forEach(one -> one.exchange.peerReset(Code.CANCELLED, "the client left meanwhile"));
        }
        return answers;
    }

    /** Null: this RESUME was overtaken by a later one that wants it elsewhere. */
    private Frame.@Nullable Answer answer(TunnelSession session, long order, Frame.Wanted wanted) {
        Id id = wanted.exchange();
        Known one = known.get(id);
        if (one == null) {
            Ended before = ended.get(id);
            return before == null
                    ? new Frame.Answer(id, Frame.Verdict.UNKNOWN, false, Code.NO_ERROR, 0, 0)
                    : new Frame.Answer(id, Frame.Verdict.ENDED, false, before.code(), 0, 0);
        }
        if (one.order >= order) {
            return null;
        }
        TunnelExchange exchange = one.exchange;
        // The relay has left the session that carries it, this one too, and the word of that may come later.
        exchange.leaveSession();
        one.since = clock.getAsLong();
        one.wantedIn(session, order);
        one.answered = true;
        try {
            return new Handover(exchange).asked(session, wanted);
        } catch (FrameException e) {
            remember(id, e.code());
            exchange.lost(e.code(), e.reason());
            session.peerError(e);
            return new Frame.Answer(id, Frame.Verdict.ENDED, false, e.code(), 0, 0);
        }
    }

    // ---- what ended

    /** It ended in a way that the relay may not know, or before its REQUEST came. */
    void remember(Id exchange, Code code) {
        put(ended, exchange, new Ended(code, clock.getAsLong()));
    }

    private <K, T> void put(Map<K, T> all, K key, T what) {
        all.remove(key);
        all.put(key, what);
        if (all.size() > MAX_REMEMBERED) {
            Iterator<K> oldest = all.keySet().iterator();
            oldest.next();
            oldest.remove();
        }
        sweepLater();
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
        long now = clock.getAsLong();
        boolean waiting = false;
        for (Known one : List.copyOf(known.values())) {
            if (!one.exchange.hasSession() && now - one.since > window.toNanos()) {
                one.exchange.lost(Code.SESSION_LOST, "no session for " + window.toSeconds() + " s");
                remember(one.exchange.id(), Code.SESSION_LOST);
            } else {
                waiting |= !one.exchange.hasSession();
            }
        }
        ended.values().removeIf(one -> now - one.at() > 2 * window.toNanos());
        givenUp.values().removeIf(one -> now - one.at() > 2 * window.toNanos());
        if (waiting || !ended.isEmpty() || !givenUp.isEmpty()) {
            sweepLater();
        }
    }
}
