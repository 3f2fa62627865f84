// SPDX-License-Identifier: MIT
package io.goinfer.proxy.control;

import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import java.util.function.LongConsumer;

/** Brings what any thread writes to its reader's loop. What waits for the loop is bounded: a model that prints faster than the loop turns loses lines. Thread-safe. */
public final class LiveSink implements Reply.Sink {
    static final long MOST = 1 << 20;

    private final Executor loop;
    private final Consumer<byte[]> reader;
    private final LongConsumer dropped;
    private final Runnable end;
    /** What a piece takes beside its bytes. */
    static final int TASK = 128;

    private final AtomicLong waiting = new AtomicLong();
    private final AtomicLong lost = new AtomicLong();

    /**
     * @param reader of each piece, on the loop
     * @param dropped told on the loop how many bytes were lost before the next piece
     * @param end told on the loop
     */
    public LiveSink(Executor loop, Consumer<byte[]> reader, LongConsumer dropped, Runnable end) {
        this.loop = loop;
        this.reader = reader;
        this.dropped = dropped;
        this.end = end;
    }

    @Override
    public void write(byte[] bytes) {
        int size = TASK + bytes.length;
        if (waiting.addAndGet(size) > MOST) {
            waiting.addAndGet(-size);
            lost.addAndGet(bytes.length);
            return;
        }
        loop.execute(() -> {
            waiting.addAndGet(-size);
            long before = lost.getAndSet(0);
            if (before > 0) {
                dropped.accept(before);
            }
            reader.accept(bytes);
        });
    }

    @Override
    public void end() {
        loop.execute(end);
    }
}
