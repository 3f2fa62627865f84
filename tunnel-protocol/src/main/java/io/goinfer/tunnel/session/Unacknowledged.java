// SPDX-License-Identifier: MIT
package io.goinfer.tunnel.session;

import io.netty.buffer.ByteBuf;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Body bytes that were sent and may have to be sent again in another session (PROTOCOL.md §6.10). Small pieces are copied together: a buffer of the
 * transport is much larger than the token in it. Confined to the exchange's loop.
 */
final class Unacknowledged {
    private static final int CHUNK_BYTES = 2 << 10;
    private static final int COPY_BELOW = 4 << 10;

    private final Deque<ByteBuf> pieces = new ArrayDeque<>();
    private @Nullable ByteBuf tail;
    private long from;

    /** Borrows {@code sent}. */
    void add(ByteBuf sent) {
        int size = sent.readableBytes();
        if (size >= COPY_BELOW) {
            pieces.add(sent.retainedSlice());
            tail = null;
        } else {
            ByteBuf room = tail;
            if (room == null || room.capacity() - room.writerIndex() < size) {
                room = sent.alloc().directBuffer(Math.max(CHUNK_BYTES, size));
                pieces.add(room);
                tail = room;
            }
            room.writeBytes(sent, sent.readerIndex(), size);
        }
    }

    /** The other side has everything below {@code offset}. */
    void forget(long offset) {
        while (from < offset) {
            ByteBuf first = pieces.element();
            int size = (int) Math.min(offset - from, first.readableBytes());
            from += size;
            first.skipBytes(size);
            if (!first.isReadable()) {
                pieces.remove().release();
                tail = first == tail ? null : tail;
            }
        }
    }

    /** All of it, in order, to be sent once more; the caller owns it. */
    List<ByteBuf> takeAll() {
        List<ByteBuf> all = new ArrayList<>(pieces);
        pieces.clear();
        tail = null;
        return all;
    }

    void close() {
        takeAll().forEach(ByteBuf::release);
    }
}
