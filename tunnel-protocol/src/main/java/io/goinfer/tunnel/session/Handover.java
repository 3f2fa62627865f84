// SPDX-License-Identifier: MIT
package io.goinfer.tunnel.session;

import io.goinfer.tunnel.flow.ReceiveWindow;
import io.goinfer.tunnel.frame.Code;
import io.goinfer.tunnel.frame.Frame;
import io.goinfer.tunnel.frame.FrameException;

/** How a detached exchange gets into another session: both sides tell what they have, and go on from there (PROTOCOL.md §6.10). On the new session's loop. */
final class Handover {
    private final TunnelExchange exchange;
    private final SendQueue sending;
    private final ReceiveWindow window;

    Handover(TunnelExchange exchange) {
        this.exchange = exchange;
        this.sending = exchange.sending();
        this.window = exchange.incoming().window();
    }

    // ---- the relay

    /** RESUME goes out in this session with what is returned. */
    Frame.Wanted wanted(TunnelSession session) {
        exchange.resumingIn(session);
        return new Frame.Wanted(exchange.id(), exchange.incoming().hasHead(), window.received(), window.limit());
    }

    /** The node's answer to RESUME. */
    void answered(TunnelSession session, Frame.Answer answer) {
        try {
            switch (answer.verdict()) {
                case CONTINUE -> {
                    sending.resume(session.implicit(), answer.received(), answer.limit(), answer.end());
                    Frame.Request request = exchange.request().continued(sending.ended());
                    exchange.attach(opened(session, request));
                }
                case UNKNOWN -> {
                    if (exchange.incoming().hasHead() || !sending.restart(session.implicit())) {
                        throw new FrameException(Code.PROTOCOL, "UNKNOWN for an exchange that it has answered");
                    }
                    exchange.attach(opened(session, exchange.request().withCredit((int) window.limit())));
                }
                case ENDED -> exchange.lost(answer.code(), "it ended at the node: " + answer.code());
            }
        } catch (FrameException e) {
            session.wire().sendControl(new Frame.ResetExchange(exchange.id(), e.code(), e.reason()));
            session.peerError(e);
            exchange.lost(e.code(), e.reason());
        }
    }

    private Leg opened(TunnelSession session, Frame.Request first) {
        Leg leg = new Leg(session, exchange);
        leg.stream().send(first);
        if (first.end()) {
            leg.stream().finish();
        }
        return leg;
    }

    // ---- the node

    /** What the relay has; the answer says what we have. */
    Frame.Answer asked(TunnelSession session, Frame.Wanted wanted) {
        sending.resume(session.implicit(), wanted.received(), wanted.limit(), false);
        exchange.headReceived(wanted.head());
        return new Frame.Answer(
                exchange.id(),
                Frame.Verdict.CONTINUE,
                exchange.incoming().ended(),
                Code.NO_ERROR,
                window.received(),
                window.limit());
    }

    /** The relay goes on with it in this leg. */
    void continued(Leg leg) {
        if (exchange.hasSession()) {
            throw new FrameException(Code.PROTOCOL, "REQUEST continues an exchange that was not resumed");
        }
        exchange.attach(leg);
    }
}
