// SPDX-License-Identifier: MIT
package io.goinfer.tunnel.session;

import io.goinfer.tunnel.frame.Code;
import io.goinfer.tunnel.frame.Frame;
import io.goinfer.tunnel.frame.FrameException;
import io.goinfer.tunnel.wire.WireStream;
import io.netty.buffer.ByteBuf;
import org.jspecify.annotations.Nullable;

/** The part of an exchange that one session carries: its stream there. What a stream brings after the exchange has left it is dropped. On the session's loop. */
final class Leg implements WireStream.Events {
    private final TunnelSession session;
    private final WireStream stream;
    private final Resuming.@Nullable Answered resumed;
    private @Nullable TunnelExchange exchange;
    private boolean left;

    /** The other side said that nothing follows. */
    private boolean ended;

    /** Node: the relay opened a stream; its REQUEST will say for which exchange. */
    Leg(TunnelSession session, WireStream stream) {
        this.session = session;
        this.stream = stream;
        this.resumed = null;
    }

    /**
     * Relay: opens a stream.
     *
     * @param resumed why the exchange comes from elsewhere; null: it is new
     */
    Leg(TunnelSession session, TunnelExchange exchange, Resuming.@Nullable Answered resumed) {
        this.session = session;
        this.exchange = exchange;
        this.resumed = resumed;
        this.stream = session.wire().open(this);
    }

    TunnelSession session() {
        return session;
    }

    WireStream stream() {
        return stream;
    }

    /** No event comes from here any more. */
    void leave() {
        left = true;
    }

    /** Node: it ends here, with a reason. */
    void refuse(Code code, String reason) {
        left = true;
        stream.send(new Frame.Reset(code, reason));
        stream.finish();
        stream.stopReading(code);
    }

    @Override
    public void onFrame(Frame.Exchange frame) {
        boolean afterEnd = ended && !(frame instanceof Frame.Credit);
        ended |= Frame.ends(frame);
        if (left) {
            Frame.release(frame);
        } else if (afterEnd) {
            Frame.release(frame);
            left = true;
            session.peerError(Incoming.outOfPlace(frame));
        } else if (exchange != null) {
            exchange.onFrame(frame);
        } else if (frame instanceof Frame.Request request) {
            try {
                exchange = session.onRequest(this, request);
                left = exchange == null;
            } catch (FrameException e) {
                onBroken(e);
            }
        } else {
            Frame.release(frame);
            onBroken(Incoming.outOfPlace(frame));
        }
    }

    @Override
    public void onCopy(long offset, ByteBuf content) {
        if (left || exchange == null) {
            content.release();
        } else if (exchange.incoming().copy(session.copies(), offset, content)) {
            exchange.onBatchEnd();
        }
    }

    @Override
    public void onFinish() {
        if (!left && exchange != null) {
            exchange.onFinish();
        }
    }

    @Override
    public void onCancel(Code code) {
        // A stream that died without a word died with its session, which says so next.
        if (left || exchange == null || code == Code.SESSION_LOST) {
            return;
        }
        if (resumed != null && code == Code.REFUSED && !session.isClosed()) {
            exchange.bounced(session);
            session.resuming().bounced(resumed);
        } else {
            exchange.onCancel(code);
        }
    }

    @Override
    public void onBroken(FrameException cause) {
        if (left) {
            return;
        }
        if (exchange != null) {
            exchange.onBroken(cause);
        } else {
            left = true;
            stream.cancel(cause.code());
            session.peerError(cause);
        }
    }

    @Override
    public void onWritable() {
        if (!left && exchange != null) {
            exchange.pump();
        }
    }

    @Override
    public void onReadComplete() {
        if (exchange != null) {
            exchange.onBatchEnd();
        }
    }
}
