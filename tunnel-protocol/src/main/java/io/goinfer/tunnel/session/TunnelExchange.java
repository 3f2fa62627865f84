// SPDX-License-Identifier: MIT
package io.goinfer.tunnel.session;

import io.goinfer.tunnel.flow.ReceiveWindow;
import io.goinfer.tunnel.flow.SendWindow;
import io.goinfer.tunnel.frame.Code;
import io.goinfer.tunnel.frame.Field;
import io.goinfer.tunnel.frame.Frame;
import io.goinfer.tunnel.frame.FrameException;
import io.goinfer.tunnel.frame.Id;
import io.netty.buffer.ByteBuf;
import io.netty.channel.EventLoop;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One request and its response (PROTOCOL.md §6). On the relay we send the request direction, on the node the response direction. It outlives its session
 * (§6.10): calls are the same while it has none. Confined to one event loop at a time, first its session's; {@link ExchangeEvents#onMoved} names the next.
 * Data beyond the credit is queued here: stop producing while {@link #isWritable()} is false.
 *
 * <pre>
 * attached ◄──────── session lost, moved / continued ────────► detached
 *     └── ended and acknowledged, reset ──► over ◄── reset, not wanted, window over ──┘
 * </pre>
 */
public final class TunnelExchange {
    /** Who counts this exchange among its own. */
    interface Holder {
        void ended(TunnelExchange exchange);
    }

    private final Association association;
    private final boolean relay;
    private final Frame.Request request;
    private final SendQueue sending;
    private final Incoming incoming;
    private Holder holder;
    private @Nullable ExchangeEvents events;
    private @Nullable Leg leg;
    private @Nullable TunnelSession resuming;
    private boolean over;
    private long detachedAt;

    private TunnelExchange(TunnelSession session, Frame.Request request, SendQueue sending, ReceiveWindow receiving) {
        this.association = session.association();
        this.relay = session.relay();
        this.holder = session;
        this.request = request;
        this.sending = sending;
        this.incoming = new Incoming(this, receiving, relay);
    }

    static TunnelExchange outgoing(TunnelSession session, Frame.Request asked, long order, ExchangeEvents events) {
        int credit = session.pool().initialResponseLimit();
        TunnelExchange exchange = new TunnelExchange(
                session,
                asked.opened(order, credit),
                new SendQueue(SendWindow.implicit(session.implicit()), asked.end()),
                ReceiveWindow.granted(session.pool(), credit));
        exchange.events = events;
        return exchange;
    }

    /** Call {@link #accepted} next. */
    static TunnelExchange incoming(Leg leg, Frame.Request head) {
        TunnelSession session = leg.session();
        TunnelExchange exchange = new TunnelExchange(
                session,
                head,
                new SendQueue(SendWindow.granted(session.implicit(), head.responseCredit()), false),
                ReceiveWindow.implicit(session.pool()));
        exchange.leg = leg;
        return exchange;
    }

    void start(TunnelSession session) {
        Leg first = new Leg(session, this, null);
        leg = first;
        first.stream().send(request);
        if (request.end()) {
            first.stream().finish();
        }
    }

    void accepted(ExchangeEvents receiver) {
        events = receiver;
        receiver.onOpened();
        if (request.end()) {
            received(true);
        }
    }

    public Id id() {
        return request.exchange();
    }

    public boolean isOver() {
        return over;
    }

    /** Node: our END is sent, and nothing but the relay's word for it is missing. */
    boolean lingers() {
        return !relay && sending.ended();
    }

    /** Node: an interim response. Lost while there is no session. */
    public void sendInfo(int status, List<Field> fields) {
        if (!over && leg != null) {
            leg.stream().send(new Frame.Info(status, fields));
        }
    }

    /** Node: the response's head. */
    public void sendResponse(Frame.Response response) {
        if (over) {
            return;
        }
        sending.head(response);
        if (leg != null) {
            sending.pumpHead(leg.stream());
        }
    }

    /** Body bytes in our direction. Takes ownership. */
    public void sendData(ByteBuf content) {
        if (over || !content.isReadable()) {
            content.release();
            return;
        }
        sending.add(content);
        pump();
    }

    /** Ends our direction. {@code trailers} may be empty. */
    public void sendEnd(List<Field> trailers) {
        if (!over) {
            sending.end(trailers);
            pump();
        }
    }

    /** False while credit or the transport holds us back. */
    public boolean isWritable() {
        return sending.isWritable();
    }

    /** The next hop took bytes that {@link ExchangeEvents#onData} gave. */
    public void consumed(long bytes) {
        if (!over) {
            credit(incoming.window().consumed(bytes));
        }
    }

    private void credit(boolean due) {
        Leg to = leg;
        Frame.Credit credit = to == null ? null : incoming.credit(due);
        if (to == null || credit == null) {
            return;
        }
        if (relay) {
            to.session().wire().sendControl(new Frame.CreditExchange(id(), credit));
        } else {
            to.stream().send(credit);
        }
    }

    /** Ends both directions: the relay cancels, the node says that it cannot finish (PROTOCOL.md §6.8). No event follows. */
    public void reset(Code code, String reason) {
        if (over) {
            return;
        }
        Leg to = leg;
        if (relay) {
            if (to != null) {
                to.stream().cancel(code);
            }
            TunnelSession session = to == null ? resuming : to.session();
            if (session != null) {
                session.wire().sendControl(new Frame.ResetExchange(id(), code, reason));
            }
        } else if (to != null) {
            if (!sending.ended()) {
                to.stream().send(new Frame.Reset(code, reason));
                to.stream().finish();
            }
            if (!incoming.ended()) {
                to.stream().stopReading(code);
            }
        }
        finish(code);
    }

    // ---- events of the stream, called by Leg

    void onFrame(Frame.Exchange frame) {
        if (over) {
            Frame.release(frame);
            return;
        }
        try {
            incoming.take(frame);
        } catch (FrameException e) {
            onBroken(e);
        }
    }

    void onFinish() {
        if (!over && !incoming.ended()) {
            ExchangeEvents told = events;
            reset(Code.TRUNCATED, "the stream ended before its END");
            tell(told, Code.TRUNCATED, "the stream ended before its END");
        }
    }

    void onCancel(Code code) {
        if (over || code == Code.NO_ERROR && lingers()) {
            return;
        }
        if (code == Code.MOVED && !relay && leg != null) {
            leg.session().moved(this);
            return;
        }
        peerReset(code == Code.MOVED ? Code.SESSION_LOST : code, "cancelled by the other side");
    }

    void onBroken(FrameException cause) {
        Leg to = leg;
        if (over || to == null) {
            return;
        }
        to.stream().cancel(cause.code());
        if (relay) {
            to.session().wire().sendControl(new Frame.ResetExchange(id(), cause.code(), cause.reason()));
        }
        ExchangeEvents told = events;
        finish(cause.code());
        to.session().peerError(cause);
        tell(told, cause.code(), cause.reason());
    }

    void onBatchEnd() {
        if (events != null) {
            events.onBatchEnd();
        }
    }

    // ---- called by sessions and associations

    /** Node: the relay's credit comes on the control stream. */
    void peerCredit(Frame.Credit credit) {
        if (over) {
            return;
        }
        try {
            onCredit(credit);
        } catch (FrameException e) {
            onBroken(e);
        }
    }

    /** The other side ended it. What it cancelled, we need not send: the stream is given back. */
    void peerReset(Code code, String reason) {
        if (!over) {
            if (leg != null) {
                leg.stream().cancel(code);
            }
            lost(code, reason);
        }
    }

    /** Ends without a word to the other side. */
    void lost(Code code, String reason) {
        if (!over) {
            ExchangeEvents told = lingers() ? null : events;
            finish(Code.NO_ERROR);
            tell(told, code, reason);
        }
    }

    private static void tell(@Nullable ExchangeEvents told, Code code, String reason) {
        if (told != null) {
            told.onReset(code, reason);
        }
    }

    /** Out of its session; {@code next} takes care of it. */
    void detach(Holder next, long now, boolean sessionLives) {
        holder = next;
        resuming = null;
        Leg before = leg;
        if (before == null) {
            return;
        }
        leg = null;
        before.leave();
        if (sessionLives) {
            before.stream().cancel(Code.MOVED);
        }
        detachedAt = now;
        boolean room = sending.detach();
        incoming.detach();
        if (events != null && !lingers()) {
            events.onDetached();
            if (room) {
                events.onWritable();
            }
        }
    }

    /** Node: the relay wants it elsewhere. */
    void leaveSession() {
        if (leg != null) {
            leg.session().moved(this);
        }
    }

    /** When it lost its session, in ns. */
    long detachedAt() {
        return detachedAt;
    }

    /** Relay: this loop takes over. On the loop before. */
    void moving(EventLoop to) {
        if (events != null) {
            events.onMoved(to);
        }
    }

    /** Relay: the transport had no stream for it. It waits on in this session. */
    void bounced(TunnelSession session) {
        detach(session, detachedAt, false);
        resumingIn(session);
    }

    Frame.Request request() {
        return request;
    }

    SendQueue sending() {
        return sending;
    }

    Incoming incoming() {
        return incoming;
    }

    boolean hasSession() {
        return leg != null;
    }

    /** Relay: a RESUME for it is under way in this session. */
    void resumingIn(TunnelSession session) {
        holder = session;
        resuming = session;
    }

    /** Into another session, where {@code next} has its stream. What is left to be sent follows. */
    void attach(Leg next) {
        holder = next.session();
        resuming = null;
        leg = next;
        sending.pumpHead(next.stream());
        incoming.window().attach(next.session().pool());
        credit(incoming.window().consumed(0));
        if (!lingers()) {
            events().onResumed();
        }
        pump();
    }

    // ---- receiving

    /** The other side's direction ended, or not yet. */
    void received(boolean end) {
        if (!end || over) {
            return;
        }
        incoming.end();
        ExchangeEvents told = events();
        Leg from = leg;
        if (relay && from != null) {
            // The response is complete: the exchange is over, whatever of the request is left.
            from.session().wire().sendControl(new Frame.CreditExchange(id(), incoming.everything()));
            if (!sending.ended()) {
                from.stream().cancel(Code.NO_ERROR);
            }
            finish(Code.NO_ERROR);
        } else if (incoming.window().received() > 0) {
            credit(false);
        }
        told.onEnd();
    }

    void onCredit(Frame.Credit credit) {
        sending.credit(credit);
        if (sending.acknowledged() && !relay) {
            finish(Code.NO_ERROR);
        } else {
            pump();
        }
    }

    // ---- sending

    void pump() {
        Leg to = leg;
        if (over || sending.ended()) {
            return;
        }
        boolean before = sending.isWritable();
        if (to == null) {
            sending.fill();
        } else {
            sending.pump(to.stream(), to.session().wire().nanoTime());
        }
        if (to != null && sending.ended()) {
            to.stream().finish();
        } else if (!before && sending.isWritable() && events != null) {
            events.onWritable();
        }
    }

    /** {@code code}: how the other side may not know yet that it ended; NO_ERROR: it knows. */
    private void finish(Code code) {
        if (over) {
            return;
        }
        over = true;
        sending.close();
        incoming.close();
        association.finished(this, code);
        holder.ended(this);
    }

    ExchangeEvents events() {
        if (events == null) {
            throw new IllegalStateException("not accepted yet");
        }
        return events;
    }
}
