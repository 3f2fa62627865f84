// SPDX-License-Identifier: MIT
package io.goinfer.tunnel.session;

import io.goinfer.tunnel.flow.SendWindow;
import io.goinfer.tunnel.frame.Field;
import io.goinfer.tunnel.frame.Frame;
import io.goinfer.tunnel.wire.WireStream;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Queue;

/** Our direction of one exchange: what waits for credit or for the transport, cut into DATA frames. Confined to the session's loop. */
final class SendQueue {
    private static final int MAX_DATA = 16 << 10;

    private final SendWindow window;
    private final Queue<ByteBuf> queued = new ArrayDeque<>();
    private List<Field> trailers = List.of();
    private boolean endAsked;
    private boolean ended;
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

    boolean isWritable() {
        return writable;
    }

    void headEnded() {
        ended = true;
    }

    /** Takes ownership. */
    void add(ByteBuf content) {
        if (ended || endAsked) {
            content.release();
        } else {
            queued.add(content);
        }
    }

    void end(List<Field> withTrailers) {
        if (!endAsked) {
            endAsked = true;
            trailers = withTrailers;
        }
    }

    void credit(Frame.Credit credit) {
        window.credit(credit.consumed(), credit.limit());
    }

    /** Sends what may be sent now. */
    void pump(WireStream stream) {
        while (!queued.isEmpty() && stream.isWritable()) {
            ByteBuf first = queued.element();
            int size = (int) Math.min(Math.min(MAX_DATA, first.readableBytes()), window.available());
            if (size <= 0) {
                break;
            }
            boolean whole = size == first.readableBytes();
            ByteBuf piece = whole ? queued.remove() : first.readRetainedSlice(size);
            window.sent(size);
            ended = whole && queued.isEmpty() && endAsked && trailers.isEmpty();
            stream.send(new Frame.Data(piece, ended, false));
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

    /** Drops what is queued. Idempotent. */
    void close() {
        queued.forEach(ByteBuf::release);
        queued.clear();
        window.close();
    }
}
