// SPDX-License-Identifier: MIT
package io.goinfer.proxy.exchange;

import io.goinfer.proxy.net.ByteBudget;
import io.goinfer.proxy.route.BodyScanner;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.util.ArrayDeque;
import java.util.Queue;
import org.jspecify.annotations.Nullable;

/**
 * What came of a request's body and is not at the next hop yet. A part of it may be reserved: held at this process's cost, its client has credit for it
 * already. Confined to the exchange's loop.
 */
final class HeldBody {
    private final ByteBudget budget;
    private final Queue<ByteBuf> pieces = new ArrayDeque<>();
    private long bytes;
    private long reserved;

    HeldBody(ByteBudget budget) {
        this.budget = budget;
    }

    boolean isEmpty() {
        return pieces.isEmpty();
    }

    long bytes() {
        return bytes;
    }

    /** Takes ownership. */
    void add(ByteBuf content) {
        bytes += content.readableBytes();
        pieces.add(content);
    }

    /** Also at this process's cost, if the budget allows. */
    boolean reserve(int size) {
        boolean fits = budget.reserve(size);
        reserved += fits ? size : 0;
        return fits;
    }

    /** Of bytes that must be had, whatever the budget. */
    void take(long size) {
        budget.take(size);
        reserved += size;
    }

    boolean allReserved() {
        return reserved == bytes;
    }

    /** The next piece; the caller owns it. */
    ByteBuf remove() {
        ByteBuf next = pieces.remove();
        bytes -= next.readableBytes();
        return next;
    }

    /** {@code size} bytes have left. True if they were reserved: nobody gets credit for them. */
    boolean left(int size) {
        if (reserved == 0) {
            return false;
        }
        long back = Math.min(reserved, size);
        reserved -= back;
        budget.release(back);
        return true;
    }

    /** Puts the next hop's own id in the place of the body's; returns by how much the body grows. Edits the bytes, not the JSON. */
    long replaceModel(@Nullable BodyScanner scan, String id) {
        String inBody = scan == null ? null : scan.model();
        if (scan == null || inBody == null || inBody.equals(id) || scan.modelEnd() > bytes) {
            return 0;
        }
        ByteBuf all = Unpooled.buffer((int) bytes);
        while (!pieces.isEmpty()) {
            ByteBuf piece = pieces.remove();
            all.writeBytes(piece);
            piece.release();
        }
        byte[] value = scan.encoded(id);
        int start = (int) scan.modelStart();
        int end = (int) scan.modelEnd();
        pieces.add(all.retainedSlice(0, start));
        pieces.add(Unpooled.wrappedBuffer(value));
        pieces.add(all.retainedSlice(end, all.readableBytes() - end));
        all.release();
        long grown = value.length - (end - start);
        bytes += grown;
        if (grown > 0) {
            // Ours, not the client's: nobody gets credit for these bytes.
            take(grown);
        }
        return grown;
    }

    void releaseReserved() {
        budget.release(reserved);
        reserved = 0;
    }

    /** Idempotent. */
    void close() {
        pieces.forEach(ByteBuf::release);
        pieces.clear();
        bytes = 0;
        releaseReserved();
    }
}
