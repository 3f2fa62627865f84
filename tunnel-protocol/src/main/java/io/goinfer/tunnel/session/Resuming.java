// SPDX-License-Identifier: MIT
package io.goinfer.tunnel.session;

import io.goinfer.tunnel.frame.Code;
import io.goinfer.tunnel.frame.Frame;
import io.goinfer.tunnel.frame.Id;
import io.netty.util.concurrent.Future;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;

/** Relay: exchanges that a session takes over from others, between RESUME and RESUME_OK (PROTOCOL.md §6.10). On the session's loop. */
final class Resuming {
    private static final int BATCH = 1_000;
    private static final long PATIENCE_SECONDS = 10;

    private final TunnelSession session;
    private final Map<Id, TunnelExchange> asked = new HashMap<>();
    private final Set<Long> givenUp = new TreeSet<>();

    Resuming(TunnelSession session) {
        this.session = session;
    }

    /** These ran in sessions that were given up; the node is asked to go on with them here. */
    void ask(Collection<Long> sessions, Collection<TunnelExchange> exchanges) {
        givenUp.addAll(sessions);
        List<Frame.Wanted> entries = new ArrayList<>();
        for (TunnelExchange exchange : exchanges) {
            session.adopt(exchange);
            asked.put(exchange.id(), exchange);
            entries.add(new Handover(exchange).wanted(session));
        }
        int at = 0;
        do {
            int end = Math.min(entries.size(), at + BATCH);
            session.wire()
                    .sendControl(new Frame.Resume(
                            List.copyOf(sessions), List.copyOf(entries.subList(at, end)), end < entries.size()));
            at = end;
        } while (at < entries.size());
        Future<?> unused = session.wire()
                .loop()
                .schedule(
                        () -> {
                            if (exchanges.stream().anyMatch(one -> asked.get(one.id()) == one)) {
                                session.close(Code.SESSION_LOST, "RESUME was not answered");
                            }
                        },
                        PATIENCE_SECONDS,
                        TimeUnit.SECONDS);
    }

    void answered(Frame.ResumeOk ok) {
        for (Frame.Answer answer : ok.answers()) {
            TunnelExchange exchange = asked.remove(answer.exchange());
            if (exchange != null && !exchange.isOver()) {
                new Handover(exchange).answered(session, answer);
            }
        }
        if (asked.isEmpty() && session.association() instanceof RelayAssociation association) {
            association.settled(takeGivenUp());
        }
    }

    void ended(TunnelExchange exchange) {
        asked.remove(exchange.id(), exchange);
    }

    void clear() {
        asked.clear();
    }

    /** The sessions that this one stood in for until now, without the node's word. */
    Set<Long> takeGivenUp() {
        Set<Long> all = new TreeSet<>(givenUp);
        givenUp.clear();
        return all;
    }
}
