// SPDX-License-Identifier: MIT
package io.goinfer.tunnel.session;

import io.goinfer.tunnel.flow.SendWindow;
import io.goinfer.tunnel.frame.Code;
import io.goinfer.tunnel.frame.Field;
import io.goinfer.tunnel.frame.Frame;
import io.goinfer.tunnel.frame.FrameException;
import io.goinfer.tunnel.wire.BulkMeter;
import io.goinfer.tunnel.wire.WireStream;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Our direction of one exchange: what waits for credit, for the transport or for a session, cut into DATA frames, and what was sent but not
 * acknowledged. Confined to the exchange's loop.
 */
final class SendQueue {
    private static final int MAX_DATA = 16 << 10;

    private final SendWindow window;
    private final Deque<ByteBuf> queued = new ArrayDeque<>();
    private final Unacknowledged unacknowledged = new Unacknowledged();
    private final BulkMeter meter = new BulkMeter(0);
    private boolean bulk;
    private Frame.@Nullable Response head;
    private boolean headSent;
    private long queuedBytes;
    private List<Field> trailers = List.of();
    private boolean endAsked;
    private boolean ended;
    private boolean acknowledged;
    private boolean writable = true;

    /** @param ended the head had END: there is nothing to send */
    SendQueue(SendWindow window, boolean ended) {
        this.window = window;
        this.ended = ended;
    }

    /** True once END was given to the stream. */
    boolean ended() {
        return ended;
    }

    /** The other side consumed our END. */
    boolean acknowledged() {
        return acknowledged;
    }

    boolean isWritable() {
        return writable;
    }

    /** Node: the response's head. */
    void head(Frame.Response response) {
        head = response;
    }

    /** Sends the head, unless the other side has it. */
    void pumpHead(WireStream stream) {
        Frame.Response first = head;
        if (first != null && !headSent) {
            headSent = true;
            stream.send(first);
            if (first.end()) {
                ended = true;
                stream.finish();
            }
        }
    }

    /** Another session, whose other side has the head, or has it not. */
    void headReceived(boolean received) {
        headSent = received;
        if (received && head != null && head.end()) {
            throw new FrameException(Code.PROTOCOL, "RESUME of a response that has ended");
        }
    }

    /** Takes ownership. */
    void add(ByteBuf content) {
        if (ended || endAsked) {
            content.release();
        } else {
            queuedBytes += content.readableBytes();
            queued.add(content);
        }
    }

    void end(List<Field> withTrailers) {
        if (!endAsked) {
            endAsked = true;
            trailers = withTrailers;
        }
    }

    /** @throws FrameException FLOW_CONTROL if it acknowledges what was not sent */
    void credit(Frame.Credit credit) {
        window.credit(credit.consumed(), credit.limit());
        if (credit.end() && !ended) {
            throw new FrameException(Code.FLOW_CONTROL, "CREDIT END before END");
        }
        unacknowledged.forget(window.acknowledged());
        acknowledged |= credit.end();
    }

    /** Sends what may be sent now. {@code now} is in ns. */
    void pump(WireStream stream, long now) {
        while (!queued.isEmpty() && stream.isWritable()) {
            ByteBuf first = queued.element();
            int size = (int) Math.min(Math.min(MAX_DATA, first.readableBytes()), window.available());
            if (size <= 0) {
                break;
            }
            long offset = window.sent();
            boolean whole = size == first.readableBytes();
            ByteBuf piece = whole ? queued.remove() : first.readRetainedSlice(size);
            queuedBytes -= size;
            window.sent(size);
            bulk |= meter.sent(size, now);
            unacknowledged.add(piece);
            stream.copy(offset, piece);
            ended = whole && queued.isEmpty() && endAsked && trailers.isEmpty();
            stream.send(new Frame.Data(piece, ended, bulk));
        }
        if (queued.isEmpty() && endAsked && !ended) {
            ended = true;
            stream.send(
                    trailers.isEmpty()
                            ? new Frame.Data(Unpooled.EMPTY_BUFFER, true, false)
                            : new Frame.Trailers(trailers));
        }
        writable = queued.isEmpty() && stream.isWritable();
    }

    /** Without a session the producer goes on as far as its credit reaches. */
    void fill() {
        writable = queuedBytes < window.available();
    }

    /** True if there is room now, and was none before. */
    boolean detach() {
        boolean before = writable;
        window.close();
        fill();
        return !before && writable;
    }

    /**
     * A session where the other side has {@code received} bytes of ours.
     *
     * @throws FrameException FLOW_CONTROL if it cannot have them, or took credit back
     */
    void resume(SendWindow.Implicit budget, long received, long limit, boolean endReceived) {
        window.resume(budget, received, limit);
        unacknowledged.forget(received);
        again();
        if (endAsked) {
            ended = endReceived;
        }
    }

    /** A session where the other side knows nothing of the exchange. False: it knew something once. */
    boolean restart(SendWindow.Implicit budget) {
        if (window.acknowledged() > 0) {
            return false;
        }
        window.restart(budget);
        again();
        if (endAsked) {
            ended = false;
        }
        return true;
    }

    private void again() {
        List<ByteBuf> pieces = unacknowledged.takeAll();
        for (int i = pieces.size() - 1; i >= 0; i--) {
            queuedBytes += pieces.get(i).readableBytes();
            queued.addFirst(pieces.get(i));
        }
    }

    /** Drops everything. Idempotent. */
    void close() {
        queued.forEach(ByteBuf::release);
        queued.clear();
        queuedBytes = 0;
        unacknowledged.close();
        window.close();
    }
}
