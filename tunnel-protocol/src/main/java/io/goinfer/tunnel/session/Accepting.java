// SPDX-License-Identifier: MIT
package io.goinfer.tunnel.session;

import io.goinfer.tunnel.frame.Code;
import io.goinfer.tunnel.frame.Frame;
import io.goinfer.tunnel.frame.Id;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Node: which of the streams that the relay opens in a session become exchanges. On the session's loop. */
final class Accepting {
    private final TunnelSession session;
    private final Map<Id, TunnelExchange> exchanges;
    private final SessionEvents events;

    /** @param exchanges the session's own */
    Accepting(TunnelSession session, Map<Id, TunnelExchange> exchanges, SessionEvents events) {
        this.session = session;
        this.exchanges = exchanges;
        this.events = events;
    }

    /** A stream began. Null if it was refused. */
    @Nullable
    TunnelExchange onRequest(Leg leg, Frame.Request request) {
        boolean goesOn = request.kind() == Frame.Request.CONTINUE;
        if (session.relay() || session.isClosed() || !goesOn && (session.isDraining() || isFull())) {
            leg.refuse(Code.REFUSED, "this node takes no more exchanges");
            return null;
        }
        if (goesOn) {
            return goOn(leg, request);
        }
        NodeAssociation association = (NodeAssociation) session.association();
        if (association.refuses(request, session)) {
            leg.refuse(Code.SESSION_LOST, "this exchange is here already, or was asked for elsewhere");
            return null;
        }
        TunnelExchange exchange = TunnelExchange.incoming(leg, request);
        exchanges.put(request.exchange(), exchange);
        association.accepted(exchange, session, request.order());
        exchange.accepted(events.onExchange(exchange, request));
        return exchange;
    }

    private @Nullable TunnelExchange goOn(Leg leg, Frame.Request request) {
        NodeAssociation association = (NodeAssociation) session.association();
        TunnelExchange exchange = association.goOn(request, session);
        if (exchange == null) {
            leg.refuse(association.endOf(request.exchange()), "no such exchange waits");
            return null;
        }
        exchanges.put(exchange.id(), exchange);
        exchange.attach(leg);
        return exchange;
    }

    /** Those that only wait for the relay's word that all has arrived do not count. */
    private boolean isFull() {
        int max = session.terms().maxStreams();
        return exchanges.size() >= max
                && (exchanges.size() >= 2 * max
                        || exchanges.values().stream()
                                        .filter(one -> !one.lingers())
                                        .count()
                                >= max);
    }
}
