// SPDX-License-Identifier: MIT
package io.goinfer.tunnel.session;

import io.goinfer.tunnel.flow.ReceiveWindow;
import io.goinfer.tunnel.flow.SendWindow;
import io.goinfer.tunnel.frame.Code;
import io.goinfer.tunnel.frame.Field;
import io.goinfer.tunnel.frame.Frame;
import io.goinfer.tunnel.frame.FrameException;
import io.goinfer.tunnel.frame.Id;
import io.goinfer.tunnel.wire.Wire;
import io.goinfer.tunnel.wire.WireStream;
import io.netty.buffer.ByteBuf;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One request and its response in a session (PROTOCOL.md §6). On the relay we send the request direction, on the node the response direction.
 * Confined to the session's event loop. Data beyond the credit is queued here: stop producing while {@link #isWritable()} is false.
 */
public final class TunnelExchange implements WireStream.Events {
    private static final int MAX_INFOS = 32;

    /** Grammar of the receiving direction. */
    private enum Expect {
        HEAD,
        BODY,
        NOTHING
    }

    private final TunnelSession session;
    private @Nullable WireStream stream;
    private @Nullable ExchangeEvents events;
    private Frame.@Nullable Request request;
    private @Nullable SendQueue sending;
    private @Nullable ReceiveWindow receiving;
    private Expect expect = Expect.HEAD;
    private int infos;
    private boolean over;

    private TunnelExchange(TunnelSession session) {
        this.session = session;
    }

    static TunnelExchange outgoing(TunnelSession session, Frame.Request asked, ExchangeEvents events) {
        TunnelExchange exchange = new TunnelExchange(session);
        int credit = session.pool().initialResponseLimit();
        exchange.request = asked.withCredit(credit);
        exchange.events = events;
        exchange.sending = new SendQueue(SendWindow.implicit(session.implicit()), asked.end());
        exchange.receiving = ReceiveWindow.granted(session.pool(), credit);
        return exchange;
    }

    static TunnelExchange incoming(TunnelSession session, WireStream stream) {
        TunnelExchange exchange = new TunnelExchange(session);
        exchange.stream = stream;
        return exchange;
    }

    void start(Wire wire) {
        Frame.Request head = request();
        stream = wire.open(this);
        stream.send(head);
        if (head.end()) {
            stream.finish();
        }
    }

    public Id id() {
        return request().exchange();
    }

    public boolean isOver() {
        return over;
    }

    /** Node: an interim response. */
    public void sendInfo(int status, List<Field> fields) {
        if (!over) {
            stream().send(new Frame.Info(status, fields));
        }
    }

    /** Node: the response's head. */
    public void sendResponse(Frame.Response response) {
        if (over) {
            return;
        }
        stream().send(response);
        if (response.end()) {
            sending().headEnded();
            directionSent();
        }
    }

    /** Body bytes in our direction. Takes ownership. */
    public void sendData(ByteBuf content) {
        if (over || !content.isReadable()) {
            content.release();
            return;
        }
        sending().add(content);
        pump();
    }

    /** Ends our direction. {@code trailers} may be empty. */
    public void sendEnd(List<Field> trailers) {
        if (!over) {
            sending().end(trailers);
            pump();
        }
    }

    /** False while credit or the transport holds us back. */
    public boolean isWritable() {
        return sending == null || sending.isWritable();
    }

    /** The next hop took bytes that {@link ExchangeEvents#onData} gave. */
    public void consumed(long bytes) {
        ReceiveWindow window = receiving;
        if (over || window == null || expect == Expect.NOTHING) {
            return;
        }
        if (window.consumed(bytes)) {
            Frame.Credit credit = new Frame.Credit(true, false, window.consumed(), window.limit());
            if (session.relay()) {
                session.wire().sendControl(new Frame.CreditExchange(id(), credit));
            } else {
                stream().send(credit);
            }
        }
    }

    /** Ends both directions: the relay cancels, the node says that it cannot finish (PROTOCOL.md §6.8). No event follows. */
    public void reset(Code code, String reason) {
        if (over) {
            return;
        }
        if (session.relay()) {
            stream().cancel(code);
            session.wire().sendControl(new Frame.ResetExchange(id(), code, reason));
        } else {
            stream().send(new Frame.Reset(code, reason));
            stream().finish();
            if (expect != Expect.NOTHING) {
                stream().stopReading(code);
            }
        }
        finish();
    }

    // ---- events of the wire

    @Override
    public void onFrame(Frame.Exchange frame) {
        if (over) {
            Frame.release(frame);
            return;
        }
        try {
            if (frame instanceof Frame.Data data) {
                onData(data);
            } else if (frame instanceof Frame.Credit credit && session.relay()) {
                onCredit(credit);
            } else if (frame instanceof Frame.Trailers trailers) {
                expectBody(trailers);
                events().onTrailers(trailers.fields());
                received(true);
            } else if (session.relay()) {
                onResponseFrame(frame);
            } else if (frame instanceof Frame.Request head && request == null) {
                onRequest(head);
            } else {
                throw outOfPlace(frame);
            }
        } catch (FrameException e) {
            onBroken(e);
        }
    }

    @Override
    public void onFinish() {
        if (over) {
            return;
        }
        if (expect != Expect.NOTHING) {
            fail(Code.TRUNCATED, "the stream ended before its END");
        }
    }

    @Override
    public void onCancel(Code code) {
        if (over) {
            return;
        }
        if (code == Code.NO_ERROR && !session.relay() && sentEnd()) {
            finish();
            return;
        }
        // What the other side cancelled, we need not send: give the stream back.
        stream().cancel(code);
        peerReset(code, "cancelled by the other side");
    }

    @Override
    public void onBroken(FrameException cause) {
        if (over) {
            return;
        }
        stream().cancel(cause.code());
        if (request != null && session.relay()) {
            session.wire().sendControl(new Frame.ResetExchange(id(), cause.code(), cause.reason()));
        }
        ExchangeEvents told = events;
        finish();
        session.peerError(cause);
        if (told != null) {
            told.onReset(cause.code(), cause.reason());
        }
    }

    @Override
    public void onWritable() {
        pump();
    }

    @Override
    public void onReadComplete() {
        if (events != null) {
            events.onBatchEnd();
        }
    }

    // ---- called by the session

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

    void peerReset(Code code, String reason) {
        if (over) {
            return;
        }
        stream().cancel(code);
        ExchangeEvents told = events;
        finish();
        if (told != null) {
            told.onReset(code, reason);
        }
    }

    void sessionClosed(Code code, String reason) {
        ExchangeEvents told = events;
        boolean wasOver = over;
        finish();
        if (told != null && !wasOver) {
            told.onReset(code, reason);
        }
    }

    // ---- receiving

    private void onRequest(Frame.Request head) {
        if (head.kind() != 0) {
            throw new FrameException(Code.PROTOCOL, "REQUEST kind " + head.kind() + " needs the feature resume");
        }
        request = head;
        sending = new SendQueue(SendWindow.granted(session.implicit(), head.responseCredit()), false);
        receiving = ReceiveWindow.implicit(session.pool());
        expect = Expect.BODY;
        ExchangeEvents mine = session.accept(this, head);
        if (mine == null) {
            reset(Code.REFUSED, "this node takes no more exchanges");
            return;
        }
        events = mine;
        if (head.end()) {
            received(true);
        }
    }

    private void onResponseFrame(Frame.Exchange frame) {
        if (frame instanceof Frame.Response response && expect == Expect.HEAD) {
            expect = Expect.BODY;
            events().onResponse(response);
            received(response.end());
        } else if (frame instanceof Frame.Info info && expect == Expect.HEAD && infos++ < MAX_INFOS) {
            events().onInfo(info);
        } else if (frame instanceof Frame.Reset reset && expect != Expect.NOTHING) {
            peerReset(reset.code(), reset.reason());
        } else {
            throw outOfPlace(frame);
        }
    }

    private void onData(Frame.Data data) {
        try {
            expectBody(data);
            if (data.bulk()) {
                receiving().bulk();
            }
            receiving().received(data.content().readableBytes());
        } catch (FrameException e) {
            data.content().release();
            throw e;
        }
        if (data.content().isReadable()) {
            events().onData(data.content());
        } else {
            data.content().release();
        }
        received(data.end());
    }

    private void expectBody(Frame.Exchange frame) {
        if (expect != Expect.BODY) {
            throw outOfPlace(frame);
        }
    }

    private static FrameException outOfPlace(Frame.Exchange frame) {
        return new FrameException(Code.PROTOCOL, frame.type() + " out of place");
    }

    private void received(boolean end) {
        if (!end || over) {
            return;
        }
        expect = Expect.NOTHING;
        receiving().close();
        ExchangeEvents told = events();
        if (session.relay()) {
            // The response is complete: the exchange is over, whatever of the request is left.
            if (!sentEnd()) {
                stream().cancel(Code.NO_ERROR);
            }
            finish();
        } else if (sentEnd()) {
            finish();
        }
        told.onEnd();
    }

    private void onCredit(Frame.Credit credit) {
        SendQueue queue = sending;
        if (queue == null) {
            throw outOfPlace(credit);
        }
        queue.credit(credit);
        pump();
    }

    // ---- sending

    private boolean sentEnd() {
        return sending != null && sending.ended();
    }

    private void pump() {
        SendQueue queue = sending;
        if (over || queue == null || queue.ended()) {
            return;
        }
        boolean before = queue.isWritable();
        queue.pump(stream());
        if (queue.ended()) {
            directionSent();
        } else if (!before && queue.isWritable() && events != null) {
            events.onWritable();
        }
    }

    private void directionSent() {
        stream().finish();
        if (!session.relay() && expect == Expect.NOTHING) {
            finish();
        }
    }

    /** {@link #reset} that our own side does not know of yet. */
    private void fail(Code code, String reason) {
        ExchangeEvents told = events;
        reset(code, reason);
        if (told != null) {
            told.onReset(code, reason);
        }
    }

    private void finish() {
        if (over) {
            return;
        }
        over = true;
        if (sending != null) {
            sending.close();
        }
        if (receiving != null) {
            receiving.close();
        }
        if (request != null) {
            session.ended(this);
        }
    }

    private WireStream stream() {
        if (stream == null) {
            throw new IllegalStateException("not started");
        }
        return stream;
    }

    private ExchangeEvents events() {
        if (events == null) {
            throw new IllegalStateException("no request yet");
        }
        return events;
    }

    private SendQueue sending() {
        if (sending == null) {
            throw new IllegalStateException("no request yet");
        }
        return sending;
    }

    private Frame.Request request() {
        if (request == null) {
            throw new IllegalStateException("no request yet");
        }
        return request;
    }

    private ReceiveWindow receiving() {
        if (receiving == null) {
            throw new IllegalStateException("no request yet");
        }
        return receiving;
    }
}
