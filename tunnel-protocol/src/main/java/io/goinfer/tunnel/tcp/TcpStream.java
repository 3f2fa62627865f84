// SPDX-License-Identifier: MIT
package io.goinfer.tunnel.tcp;

import io.goinfer.tunnel.frame.Code;
import io.goinfer.tunnel.frame.Frame;
import io.goinfer.tunnel.frame.FrameEncoder;
import io.goinfer.tunnel.frame.FrameException;
import io.goinfer.tunnel.wire.BulkMeter;
import io.goinfer.tunnel.wire.WireStream;
import io.netty.buffer.ByteBuf;
import java.util.ArrayDeque;
import java.util.Queue;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** One exchange stream on a TCP connection: its frames in order until {@link Outgoing} takes them. Confined to the wire's loop. */
final class TcpStream implements WireStream, Outgoing.Source {
    private static final Logger LOG = LoggerFactory.getLogger(TcpStream.class);

    /** What may wait here. */
    private static final int MAX_QUEUED = 32 << 10;

    private record Queued(ByteBuf frame, boolean data, boolean finish) {}

    private final TcpWire wire;
    private final int id;
    private final Queue<Queued> queue = new ArrayDeque<>();
    private WireStream.@Nullable Events events;
    private long queuedBytes;
    private boolean wasFull;

    private boolean ended;
    private boolean sentFinish;
    private boolean gotFinish;
    private boolean closed;

    private final BulkMeter meter = new BulkMeter(System.nanoTime());

    TcpStream(TcpWire wire, int id) {
        this.wire = wire;
        this.id = id;
    }

    void deliverTo(WireStream.Events receiver) {
        events = receiver;
    }

    int id() {
        return id;
    }

    // ---- our direction

    @Override
    public void send(Frame.Exchange frame) {
        if (ended || closed) {
            Frame.release(frame);
            return;
        }
        LOG.trace(">> {} {} {}", wire.remoteAddress(), id, frame);
        ByteBuf bytes = wire.alloc().directBuffer(256);
        boolean done = false;
        try {
            FrameEncoder.encode(frame, id, bytes);
            done = true;
        } finally {
            if (!done) {
                bytes.release();
            }
        }
        if (frame instanceof Frame.Credit) {
            wire.signal(bytes);
        } else {
            enqueue(new Queued(bytes, frame instanceof Frame.Data, false));
        }
    }

    @Override
    public void finish() {
        if (!ended && !closed) {
            ended = true;
            enqueue(new Queued(Mark.finish(id, wire.alloc().directBuffer(Mark.HEADER_BYTES)), false, true));
        }
    }

    private void enqueue(Queued next) {
        boolean wasEmpty = queue.isEmpty();
        queue.add(next);
        queuedBytes += next.frame().readableBytes();
        if (wasEmpty) {
            wire.ready(this);
        }
    }

    @Override
    public void cancel(Code code) {
        if (!closed) {
            wire.signal(Mark.code(Mark.CANCEL, id, code, wire.alloc().directBuffer(Mark.HEADER_BYTES + 4)));
            close();
        }
    }

    @Override
    public void stopReading(Code code) {
        if (!closed && !gotFinish) {
            wire.signal(Mark.code(Mark.STOP, id, code, wire.alloc().directBuffer(Mark.HEADER_BYTES + 4)));
        }
    }

    @Override
    public boolean isWritable() {
        boolean writable = queuedBytes < MAX_QUEUED && !closed;
        wasFull |= !writable;
        return writable;
    }

    // ---- Outgoing

    @Override
    public boolean urgent() {
        Queued first = queue.peek();
        return first != null && !first.data();
    }

    @Override
    public boolean bulk() {
        return meter.isBulk();
    }

    @Override
    public boolean isEmpty() {
        return queue.isEmpty();
    }

    @Override
    public ByteBuf take() {
        Queued next = queue.remove();
        int size = next.frame().readableBytes();
        queuedBytes -= size;
        if (next.data()) {
            meter.sent(size, System.nanoTime());
        }
        if (next.finish()) {
            sentFinish = true;
            closeIfDone();
        }
        if (wasFull && queuedBytes < MAX_QUEUED / 2) {
            wasFull = false;
            wire.becameWritable(this);
        }
        return next.frame();
    }

    void tellWritable() {
        if (events != null && !closed) {
            events.onWritable();
        }
    }

    // ---- what the other side did

    void onFrame(Frame.Exchange frame) {
        if (events == null || gotFinish) {
            Frame.release(frame);
        } else {
            events.onFrame(frame);
        }
    }

    void onBroken(FrameException cause) {
        if (events == null) {
            cancel(cause.code());
        } else {
            events.onBroken(cause);
        }
    }

    void onFinish() {
        if (!gotFinish) {
            gotFinish = true;
            if (events != null) {
                events.onFinish();
            }
            closeIfDone();
        }
    }

    void onCancel(Code code) {
        close();
        if (events != null) {
            events.onCancel(code);
        }
    }

    /** Our direction is not wanted any more; the other one goes on. */
    void onStop() {
        if (!closed) {
            ended = true;
            sentFinish = true;
            drop();
            closeIfDone();
        }
    }

    void onReadComplete() {
        if (events != null) {
            events.onReadComplete();
        }
    }

    private void closeIfDone() {
        if (sentFinish && gotFinish) {
            close();
        }
    }

    /** Forgets what is queued. The wire forgets the stream. */
    void close() {
        if (!closed) {
            closed = true;
            drop();
            wire.forget(this);
        }
    }

    private void drop() {
        if (!queue.isEmpty()) {
            wire.unready(this);
            queue.forEach(queued -> queued.frame().release());
            queue.clear();
            queuedBytes = 0;
        }
    }
}
