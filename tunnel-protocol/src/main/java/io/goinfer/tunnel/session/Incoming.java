// SPDX-License-Identifier: MIT
package io.goinfer.tunnel.session;

import io.goinfer.tunnel.flow.ReceiveWindow;
import io.goinfer.tunnel.frame.Code;
import io.goinfer.tunnel.frame.Frame;
import io.goinfer.tunnel.frame.FrameException;

/** The other side's direction of one exchange: its grammar (PROTOCOL.md §6) and its credit. Confined to the exchange's loop. */
final class Incoming {
    private static final int MAX_INFOS = 32;

    private enum Expect {
        HEAD,
        BODY,
        NOTHING
    }

    private final ReceiveWindow window;
    private Expect expect;
    private int infos;
    private boolean endTold;

    /** @param head the head is still to come */
    Incoming(ReceiveWindow window, boolean head) {
        this.window = window;
        this.expect = head ? Expect.HEAD : Expect.BODY;
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

    void head(Frame.Exchange frame) {
        if (expect != Expect.HEAD) {
            throw outOfPlace(frame);
        }
        expect = Expect.BODY;
    }

    void info(Frame.Info frame) {
        if (expect != Expect.HEAD || ++infos > MAX_INFOS) {
            throw outOfPlace(frame);
        }
    }

    /** DATA or TRAILERS. */
    void body(Frame.Exchange frame) {
        if (expect != Expect.BODY) {
            throw outOfPlace(frame);
        }
        if (frame instanceof Frame.Data data) {
            if (data.bulk()) {
                window.bulk();
            }
            window.received(data.content().readableBytes());
        }
    }

    void end() {
        expect = Expect.NOTHING;
        window.close();
    }

    /** True once: the end was received and everything before it consumed. */
    boolean endConsumed() {
        if (endTold || expect != Expect.NOTHING || window.held() > 0) {
            return false;
        }
        endTold = true;
        return true;
    }

    static FrameException outOfPlace(Frame.Exchange frame) {
        return new FrameException(Code.PROTOCOL, frame.type() + " out of place");
    }
}
