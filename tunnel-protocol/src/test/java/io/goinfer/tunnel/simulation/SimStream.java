// SPDX-License-Identifier: MIT
package io.goinfer.tunnel.simulation;

import io.goinfer.tunnel.frame.Code;
import io.goinfer.tunnel.frame.Frame;
import io.goinfer.tunnel.wire.WireStream;
import org.jspecify.annotations.Nullable;

/**
 * One end of an exchange stream in memory, with what real ones do to a cancel: over QUIC a direction whose FIN was sent cannot be reset, STOP_SENDING is
 * noticed by the next write only, and loses its code.
 */
final class SimStream implements WireStream {
    private static final int HIGH = 6;
    private static final int LOW = 3;

    private final SimLink.End end;
    private final SimLink.Lane out;
    private WireStream.@Nullable Events events;
    private @Nullable SimStream peer;
    private boolean finSent;
    private boolean finReceived;
    private boolean cancelled;
    private boolean stopped;
    private boolean full;
    private int underWay;

    SimStream(SimLink.End end, WireStream.@Nullable Events events) {
        this.end = end;
        this.events = events;
        this.out = end.lane();
    }

    void connect(SimStream other) {
        peer = other;
    }

    void receiver(WireStream.@Nullable Events receiver) {
        events = receiver;
    }

    void opened(SimLink.Item begin) {
        out.add(begin);
    }

    /** Neither end has it any more. */
    boolean isDone() {
        return isOver() && peer != null && peer.isOver();
    }

    private boolean isOver() {
        return cancelled || end.closed || finSent && finReceived;
    }

    void refused() {
        cancelled = true;
        if (events != null) {
            events.onCancel(end.closed ? Code.SESSION_LOST : Code.REFUSED);
        }
    }

    // ---- ours

    @Override
    public void send(Frame.Exchange frame) {
        SimStream to = peer;
        if (finSent || cancelled || end.closed || to == null) {
            Frame.release(frame);
            return;
        }
        noticeStop();
        underWay++;
        out.add(new SimLink.Item() {
            @Override
            public void deliver() {
                to.onFrame(frame);
                drained();
            }

            @Override
            public void drop() {
                Frame.release(frame);
            }
        });
    }

    @Override
    public void finish() {
        SimStream to = peer;
        if (!finSent && !cancelled && to != null) {
            noticeStop();
            finSent = true;
            out.add(to::onFinish);
        }
    }

    /** A write fails after STOP_SENDING; the relay waits for the node's RESET instead. */
    private void noticeStop() {
        if (stopped && !end.isRelay()) {
            stopped = false;
            end.loop.execute(() -> onCancel(SimWorld.STOPPED));
        }
    }

    @Override
    public void cancel(Code code) {
        SimStream to = peer;
        if (cancelled || to == null) {
            return;
        }
        cancelled = true;
        if (end.link().tcp) {
            out.add(() -> to.onCancel(code));
            return;
        }
        if (!finSent) {
            out.clear();
            out.add(() -> to.onCancel(code));
        }
        end.lane().add(to::onStop);
    }

    @Override
    public void stopReading(Code code) {
        SimStream to = peer;
        if (!cancelled && !finReceived && to != null) {
            end.lane().add(to::onStop);
        }
    }

    @Override
    public boolean isWritable() {
        full |= underWay >= HIGH;
        return !full;
    }

    private void drained() {
        underWay--;
        if (full && underWay < LOW) {
            full = false;
            if (events != null && !cancelled) {
                events.onWritable();
            }
        }
    }

    // ---- the other side's

    private void onFrame(Frame.Exchange frame) {
        if (events == null || cancelled || finReceived) {
            Frame.release(frame);
        } else {
            events.onFrame(frame);
            events.onReadComplete();
        }
    }

    private void onFinish() {
        if (events != null && !cancelled && !finReceived) {
            finReceived = true;
            events.onFinish();
            events.onReadComplete();
        }
    }

    private void onCancel(Code code) {
        if (events != null && !cancelled && !end.closed) {
            cancelled = true;
            if (!end.link().tcp) {
                out.clear();
            }
            events.onCancel(code);
            events.onReadComplete();
        }
    }

    private void onStop() {
        if (end.link().tcp) {
            finSent = true;
        } else {
            stopped = true;
        }
    }
}
