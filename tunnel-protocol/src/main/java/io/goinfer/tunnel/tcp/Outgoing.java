// SPDX-License-Identifier: MIT
package io.goinfer.tunnel.tcp;

import io.goinfer.tunnel.frame.FrameType;
import io.goinfer.tunnel.wire.ControlQueue;
import io.netty.buffer.ByteBuf;
import java.util.ArrayDeque;
import java.util.Queue;
import org.jspecify.annotations.Nullable;

/**
 * What waits to be sent on one connection, and who goes first (PROTOCOL.md §3): control, then credits and cancels, then heads and ends, then DATA in
 * turn, bulk with a quota. Streams keep their own order. Confined to the wire's loop; knows neither sockets nor frames.
 */
final class Outgoing {
    /** How many frames of others a frame of a bulk stream waits for. */
    static final int BULK_TURN = 8;

    /** A stream that has something to send. */
    interface Source {
        /** False: the next frame is DATA, which waits its turn. */
        boolean urgent();

        boolean bulk();

        /** The next frame. */
        ByteBuf take();

        boolean isEmpty();
    }

    private final ControlQueue control = new ControlQueue();
    private final Queue<ByteBuf> signals = new ArrayDeque<>();
    private long signalBytes;
    private final Queue<Source> heads = new ArrayDeque<>();
    private final Queue<Source> interactive = new ArrayDeque<>();
    private final Queue<Source> bulk = new ArrayDeque<>();
    private int passedBulk;

    /** Takes ownership. False: more waits than may. */
    boolean control(FrameType type, ByteBuf frame) {
        return control.add(type, frame);
    }

    /** A credit or a cancel. Takes ownership. False: more waits than may. */
    boolean signal(ByteBuf frame) {
        signals.add(frame);
        signalBytes += frame.readableBytes();
        return signalBytes <= ControlQueue.MAX_BYTES;
    }

    /** The source was empty and has something now. */
    void ready(Source source) {
        queueOf(source).add(source);
    }

    /** The source has nothing any more. */
    void drop(Source source) {
        if (!heads.remove(source) && !interactive.remove(source)) {
            boolean unused = bulk.remove(source);
        }
    }

    /** The next frame, or null. The caller owns it. */
    @Nullable
    ByteBuf poll() {
        ByteBuf frame = pollControl();
        if (frame != null) {
            return frame;
        }
        Source source = next();
        if (source == null) {
            return null;
        }
        ByteBuf taken = source.take();
        if (!source.isEmpty()) {
            queueOf(source).add(source);
        }
        return taken;
    }

    /** The next control frame, credit or cancel, or null. */
    @Nullable
    ByteBuf pollControl() {
        ByteBuf frame = control.poll();
        if (frame == null) {
            frame = signals.poll();
            signalBytes -= frame == null ? 0 : frame.readableBytes();
        }
        return frame;
    }

    private @Nullable Source next() {
        if (!heads.isEmpty()) {
            return heads.remove();
        }
        boolean bulksTurn = interactive.isEmpty() || ++passedBulk > BULK_TURN;
        if (bulksTurn && !bulk.isEmpty()) {
            passedBulk = 0;
            return bulk.remove();
        }
        return interactive.poll();
    }

    private Queue<Source> queueOf(Source source) {
        return source.urgent() ? heads : source.bulk() ? bulk : interactive;
    }

    void close() {
        control.close();
        signals.forEach(ByteBuf::release);
        signals.clear();
        signalBytes = 0;
        heads.clear();
        interactive.clear();
        bulk.clear();
    }
}
