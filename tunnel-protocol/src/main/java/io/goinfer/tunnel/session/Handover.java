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

    /** The node's answer to RESUME, when there is room for a stream. */
    void answered(TunnelSession session, Resuming.Answered told) {
        Frame.Answer answer = told.answer();
        try {
            switch (answer.verdict()) {
                case CONTINUE -> {
                    sending.resume(session.implicit(), answer.received(), answer.limit(), answer.end());
                    open(session, told, exchange.request().continued(told.order(), sending.ended()));
                }
                case UNKNOWN -> {
                    if (exchange.incoming().hasHead() || !sending.restart(session.implicit())) {
                        throw new FrameException(Code.PROTOCOL, "UNKNOWN for an exchange that it has answered");
                    }
                    open(session, told, exchange.request().opened(told.order(), (int) window.limit()));
                }
                case ENDED -> throw new IllegalStateException("ended exchanges need no stream");
            }
        } catch (FrameException e) {
            session.peerError(e);
            broken(session, e.code(), e.reason());
        }
    }

    /** It cannot go on, and the node is told. */
    void broken(TunnelSession session, Code code, String reason) {
        session.wire().sendControl(new Frame.ResetExchange(exchange.id(), code, reason));
        exchange.lost(code, reason);
    }

    private void open(TunnelSession session, Resuming.Answered told, Frame.Request first) {
        Leg leg = new Leg(session, exchange, told);
        leg.stream().send(first);
        if (first.end()) {
            leg.stream().finish();
        }
        exchange.attach(leg);
    }

    // ---- the node

    /** What the relay has; the answer says what we have. */
    Frame.Answer asked(TunnelSession session, Frame.Wanted wanted) {
        sending.resume(session.implicit(), wanted.received(), wanted.limit(), false);
        sending.headReceived(wanted.head());
        return new Frame.Answer(
                exchange.id(),
                Frame.Verdict.CONTINUE,
                exchange.incoming().ended(),
                Code.NO_ERROR,
                window.received(),
                window.limit());
    }
}
