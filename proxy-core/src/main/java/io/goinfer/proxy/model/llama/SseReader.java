// SPDX-License-Identifier: MIT
package io.goinfer.proxy.model.llama;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import org.jspecify.annotations.Nullable;

/**
 * Cuts a stream of bytes into server-sent events: everything up to a blank line. Holds the unfinished one, so it is to be closed. Not thread-safe.
 */
final class SseReader implements AutoCloseable {
    /** One event as it stood, blank line included. Borrowed. */
    interface Sink {
        void event(ByteBuf event);
    }

    /** Bytes of the longest event. */
    static final int MOST = 16 << 20;

    private static final int FIRST = 512;

    private @Nullable ByteBuf partial;

    /** Borrows {@code in}. Looks at each byte once, however many pieces an event comes in. */
    void read(ByteBuf in, Sink sink) {
        ByteBuf before = partial;
        ByteBuf all = in;
        int from = in.readerIndex();
        int unseen = from;
        if (before != null) {
            from = before.readerIndex();
            // The line feed, or it and a carriage return, may have been there already.
            unseen = Math.max(from, before.writerIndex() - 2);
            all = before.writeBytes(in, in.readerIndex(), in.readableBytes());
        }
        int first = from;
        for (int end = end(all, unseen); end > 0; end = end(all, from)) {
            sink.event(all.slice(from, end - from));
            from = end;
        }
        if (all == before && from == first) {
            return;
        }
        int left = all.writerIndex() - from;
        ByteBuf rest = left == 0 ? null : Unpooled.buffer(Math.max(FIRST, left)).writeBytes(all, from, left);
        close();
        partial = rest;
    }

    /** What it holds is more than one event may be: no stream of events that anybody reads. */
    boolean isTooLong() {
        return partial != null && partial.readableBytes() > MOST;
    }

    /** What is left without a blank line behind it. Borrowed; null = nothing. */
    @Nullable
    ByteBuf rest() {
        return partial;
    }

    /** Offset behind the blank line, or -1. */
    private static int end(ByteBuf in, int from) {
        int at = from;
        while (true) {
            int newline = in.indexOf(at, in.writerIndex(), (byte) '\n');
            if (newline < 0) {
                return -1;
            }
            int next = newline + 1;
            if (next < in.writerIndex() && in.getByte(next) == '\r') {
                next++;
            }
            if (next < in.writerIndex() && in.getByte(next) == '\n') {
                return next + 1;
            }
            at = newline + 1;
        }
    }

    /** The joined {@code data:} lines of an event, or null if it has none. */
    static byte @Nullable [] data(ByteBuf event) {
        ByteBuf data = null;
        int at = event.readerIndex();
        while (at < event.writerIndex()) {
            int newline = event.indexOf(at, event.writerIndex(), (byte) '\n');
            int end = newline < 0 ? event.writerIndex() : newline;
            int stop = end > at && event.getByte(end - 1) == '\r' ? end - 1 : end;
            if (stop - at >= 5 && isData(event, at)) {
                int start = stop - at > 5 && event.getByte(at + 5) == ' ' ? at + 6 : at + 5;
                if (data == null) {
                    data = Unpooled.buffer(stop - start);
                } else {
                    data.writeByte('\n');
                }
                data.writeBytes(event, start, stop - start);
            }
            at = end + 1;
        }
        return data == null ? null : ByteBufUtil.getBytes(data);
    }

    private static boolean isData(ByteBuf in, int at) {
        return in.getByte(at) == 'd'
                && in.getByte(at + 1) == 'a'
                && in.getByte(at + 2) == 't'
                && in.getByte(at + 3) == 'a'
                && in.getByte(at + 4) == ':';
    }

    @Override
    public void close() {
        if (partial != null) {
            partial.release();
            partial = null;
        }
    }
}
