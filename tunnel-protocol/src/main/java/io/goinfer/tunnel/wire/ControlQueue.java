// SPDX-License-Identifier: MIT
package io.goinfer.tunnel.wire;

import io.goinfer.tunnel.frame.FrameType;
import io.netty.buffer.ByteBuf;
import java.util.ArrayDeque;
import java.util.Queue;
import org.jspecify.annotations.Nullable;

/**
 * Control frames that the transport cannot take yet, bounded in bytes: a peer that does not read what it makes us say must not make us keep it (PROTOCOL.md §3.2).
 * Of PONG, MODELS and LOAD the newest says all, so one of each waits. Confined to the wire's loop.
 */
public final class ControlQueue {
    /** Above what any peer that reads leaves waiting: two RESUMEs of 10,240 exchanges, a MODELS, a RESET_EXCHANGE for each exchange. */
    public static final int MAX_BYTES = 4 << 20;

    /** In the order in which they leave. A PONG is a proof of life that somebody waits for. */
    private @Nullable ByteBuf pong;

    private final Queue<ByteBuf> frames = new ArrayDeque<>();
    private @Nullable ByteBuf load;
    private @Nullable ByteBuf models;
    private long bytes;

    /** Takes ownership. False: more waits than may, and the wire is to be closed. */
    public boolean add(FrameType type, ByteBuf frame) {
        bytes += frame.readableBytes();
        switch (type) {
            case PONG -> pong = instead(pong, frame);
            case LOAD -> load = instead(load, frame);
            case MODELS -> models = instead(models, frame);
            default -> frames.add(frame);
        }
        return bytes <= MAX_BYTES;
    }

    private ByteBuf instead(@Nullable ByteBuf before, ByteBuf next) {
        if (before != null) {
            bytes -= before.readableBytes();
            before.release();
        }
        return next;
    }

    /** The next frame, or null. The caller owns it. */
    public @Nullable ByteBuf poll() {
        ByteBuf next = next();
        if (next != null) {
            bytes -= next.readableBytes();
        }
        return next;
    }

    private @Nullable ByteBuf next() {
        ByteBuf next = pong;
        if (next != null) {
            pong = null;
            return next;
        }
        next = frames.poll();
        if (next != null) {
            return next;
        }
        next = load;
        if (next != null) {
            load = null;
            return next;
        }
        next = models;
        models = null;
        return next;
    }

    public boolean isEmpty() {
        return bytes == 0;
    }

    /** Drops everything. */
    public void close() {
        for (ByteBuf frame = poll(); frame != null; frame = poll()) {
            frame.release();
        }
    }
}
