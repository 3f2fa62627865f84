// SPDX-License-Identifier: MIT
package io.goinfer.tunnel.session;

import io.goinfer.tunnel.frame.Code;
import io.goinfer.tunnel.frame.Frame;
import io.goinfer.tunnel.frame.FrameException;
import io.goinfer.tunnel.frame.Id;
import io.netty.util.concurrent.Future;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/**
 * Relay: exchanges that a session takes over from others (PROTOCOL.md §6.10). They are asked for with RESUME; what the node answers gets a stream as soon as
 * the session has room for it. On the session's loop.
 */
final class Resuming {
    /** So that a RESUME of 1,000 exchanges and 1,000 ranges fits a frame. */
    private static final int BATCH = 1_000;

    private static final long PATIENCE_SECONDS = 10;

    /** A RESUME that was not wholly answered. */
    private record Asked(long order, List<Frame.Range> ranges, Map<Id, TunnelExchange> open) {}

    /** What the node said to one exchange of the RESUME of this order. */
    record Answered(TunnelExchange exchange, long order, Frame.Answer answer) {}

    private final TunnelSession session;
    private final Deque<Asked> asked = new ArrayDeque<>();
    private final Map<Id, Answered> waiting = new LinkedHashMap<>();
    private boolean filling;

    Resuming(TunnelSession session) {
        this.session = session;
    }

    /** The node is asked to go on with them here, and to end what else it has of the ranges. */
    void ask(long order, List<Frame.Range> ranges, List<TunnelExchange> exchanges) {
        // More sessions than that within the window are an attack; what is left out ends by the node's own window.
        List<Frame.Range> told = List.copyOf(ranges.subList(Math.max(0, ranges.size() - BATCH), ranges.size()));
        Asked asking = new Asked(order, told, new HashMap<>());
        asked.add(asking);
        List<Frame.Wanted> entries = new ArrayList<>();
        for (TunnelExchange exchange : exchanges) {
            session.adopt(exchange);
            asking.open().put(exchange.id(), exchange);
            entries.add(new Handover(exchange).wanted(session));
        }
        int at = 0;
        do {
            int end = Math.min(entries.size(), at + BATCH);
            session.wire()
                    .sendControl(
                            new Frame.Resume(order, told, List.copyOf(entries.subList(at, end)), end < entries.size()));
            at = end;
        } while (at < entries.size());
        Future<?> unused = session.wire()
                .loop()
                .schedule(
                        () -> {
                            if (asked.contains(asking)) {
                                session.close(Code.SESSION_LOST, "RESUME was not answered");
                            }
                        },
                        PATIENCE_SECONDS,
                        TimeUnit.SECONDS);
    }

    /** An answer to what was meanwhile asked for elsewhere means nothing. */
    void answered(Frame.ResumeOk ok) {
        Asked to = asked.stream()
                .filter(one -> one.order() == ok.order())
                .findFirst()
                .orElse(null);
        if (to == null) {
            return;
        }
        for (Frame.Answer answer : ok.answers()) {
            TunnelExchange exchange = to.open().remove(answer.exchange());
            if (exchange != null && answer.verdict() == Frame.Verdict.ENDED) {
                exchange.lost(answer.code(), "it ended at the node: " + answer.code());
            } else if (exchange != null) {
                waiting.put(exchange.id(), new Answered(exchange, to.order(), answer));
            }
        }
        if (!ok.more()) {
            asked.remove(to);
            for (TunnelExchange exchange : List.copyOf(to.open().values())) {
                FrameException cause = new FrameException(Code.PROTOCOL, "RESUME_OK leaves it out");
                session.peerError(cause);
                new Handover(exchange).broken(session, cause.code(), cause.reason());
            }
        }
        fill();
    }

    /** Gives streams to those that wait for room, as far as it reaches. One that ends at once makes room for the next: in this loop, not in one more call. */
    private void fill() {
        if (filling) {
            return;
        }
        filling = true;
        try {
            // Once each: what the transport refuses waits on.
            for (int i = waiting.size(); i > 0 && !waiting.isEmpty() && hasRoom(); i--) {
                Iterator<Answered> all = waiting.values().iterator();
                Answered next = all.next();
                all.remove();
                new Handover(next.exchange()).answered(session, next);
            }
        } finally {
            filling = false;
        }
    }

    private boolean hasRoom() {
        int unplaced = waiting.size();
        for (Asked one : asked) {
            unplaced += one.open().size();
        }
        return session.exchanges() - unplaced < session.terms().maxStreams();
    }

    /** The transport had no stream for it: once more with the next tick. */
    void bounced(Answered answered) {
        waiting.put(answered.exchange().id(), answered);
    }

    /** With each tick of the session. Ends what has waited for longer than the window. */
    void tick(long now, long windowNanos) {
        fill();
        for (Answered one : List.copyOf(waiting.values())) {
            if (now - one.exchange().detachedAt() > windowNanos) {
                new Handover(one.exchange())
                        .broken(session, Code.SESSION_LOST, "the session had no room for it in time");
            }
        }
    }

    void ended(TunnelExchange exchange) {
        waiting.remove(exchange.id());
        asked.forEach(one -> one.open().remove(exchange.id()));
        fill();
    }

    /** What this session stood in for without the node's word. It asks for nothing any more. */
    List<Frame.Range> takeRanges() {
        List<Frame.Range> all = new ArrayList<>();
        asked.forEach(one -> all.addAll(one.ranges()));
        asked.clear();
        waiting.clear();
        return all;
    }
}
