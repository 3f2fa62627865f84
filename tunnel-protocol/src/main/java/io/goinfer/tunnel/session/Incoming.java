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
    private Expect expect;
    private int infos;
    private boolean endTold;

    Incoming(TunnelExchange exchange, ReceiveWindow window, boolean relay) {
        this.exchange = exchange;
        this.window = window;
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
        ByteBuf content = data.content();
        int size = content.readableBytes();
        boolean passed = false;
        try {
            if (expect != Expect.BODY) {
                throw outOfPlace(data);
            }
            if (data.bulk()) {
                window.bulk();
            }
            window.received(size);
            passed = size > 0;
        } finally {
            if (!passed) {
                content.release();
            }
        }
        if (passed) {
            exchange.events().onData(content);
        }
        exchange.received(data.end());
    }

    void end() {
        expect = Expect.NOTHING;
        window.close();
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
