// SPDX-License-Identifier: MIT
package io.goinfer.tunnel.session;

import io.goinfer.tunnel.flow.ReceiveWindow;
import io.goinfer.tunnel.frame.Code;
import io.goinfer.tunnel.frame.Frame;
import io.goinfer.tunnel.frame.FrameException;
import io.netty.buffer.ByteBuf;
import org.jspecify.annotations.Nullable;

/** The other side's direction of one exchange: its grammar (PROTOCOL.md §6) and its credit. Confined to the exchange's loop. */
final class Incoming {
    private static final int MAX_INFOS = 32;

    private enum Expect {
        HEAD,
        BODY,
        NOTHING
    }

    private final TunnelExchange exchange;
    private final ReceiveWindow window;
    private final boolean relay;
    private final Arrived arrived;
    private Expect expect;
    private int infos;
    private boolean endTold;

    Incoming(TunnelExchange exchange, ReceiveWindow window, boolean relay) {
        this.exchange = exchange;
        this.window = window;
        this.arrived = new Arrived(window);
        this.relay = relay;
        // The node has the head when it makes the exchange.
        this.expect = relay ? Expect.HEAD : Expect.BODY;
    }

    ReceiveWindow window() {
        return window;
    }

    boolean hasHead() {
        return expect != Expect.HEAD;
    }

    boolean ended() {
        return expect == Expect.NOTHING;
    }

    /**
     * Takes ownership.
     *
     * @throws FrameException if the frame is out of place or over the credit
     */
    void take(Frame.Exchange frame) {
        if (frame instanceof Frame.Data data) {
            takeData(data);
        } else if (frame instanceof Frame.Credit credit && relay) {
            exchange.onCredit(credit);
        } else if (frame instanceof Frame.Trailers trailers && expect == Expect.BODY) {
            arrived.streamEnded();
            exchange.events().onTrailers(trailers.fields());
            exchange.received(true);
        } else if (frame instanceof Frame.Response response && expect == Expect.HEAD) {
            expect = Expect.BODY;
            exchange.events().onResponse(response);
            exchange.received(response.end());
        } else if (frame instanceof Frame.Info info && expect == Expect.HEAD && ++infos <= MAX_INFOS) {
            exchange.events().onInfo(info);
        } else if (frame instanceof Frame.Reset reset && relay && expect != Expect.NOTHING) {
            exchange.peerReset(reset.code(), reset.reason());
        } else {
            throw outOfPlace(frame);
        }
    }

    private void takeData(Frame.Data data) {
        if (expect != Expect.BODY) {
            data.content().release();
            throw outOfPlace(data);
        }
        if (data.bulk()) {
            window.bulk();
        }
        arrived.stream(data.content(), this::deliver);
        if (data.end()) {
            arrived.streamEnded();
            exchange.received(true);
        }
    }

    /** Bytes that came beside the stream. Takes ownership; true if some were delivered. */
    boolean copy(Arrived.Budget budget, long offset, ByteBuf content) {
        if (expect != Expect.BODY || exchange.isOver()) {
            content.release();
            return false;
        }
        return arrived.copy(budget, offset, content, this::deliver);
    }

    private void deliver(ByteBuf content) {
        exchange.events().onData(content);
    }

    /** Out of its session: the next stream begins where this direction is. */
    void detach() {
        arrived.clear();
        window.detach();
    }

    /** Nothing more is wanted. Idempotent. */
    void close() {
        arrived.clear();
        window.close();
    }

    void end() {
        expect = Expect.NOTHING;
        close();
    }

    /** What is to be told now: more room if it is {@code due}, and once that the end and all before it were consumed. */
    Frame.@Nullable Credit credit(boolean due) {
        boolean end = !endTold && expect == Expect.NOTHING && window.held() == 0;
        endTold |= end;
        return due || end ? new Frame.Credit(true, end, window.consumed(), window.limit()) : null;
    }

    /** All of a response has come; who asked for it, has it. */
    Frame.Credit everything() {
        return new Frame.Credit(true, true, window.received(), Math.max(window.received(), window.limit()));
    }

    static FrameException outOfPlace(Frame.Exchange frame) {
        return new FrameException(Code.PROTOCOL, frame.type() + " out of place");
    }
}
