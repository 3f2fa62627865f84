// SPDX-License-Identifier: MIT
package io.goinfer.proxy.fleet;

import io.netty.buffer.ByteBuf;
import io.netty.channel.EventLoop;
import io.netty.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * What a node tells of itself, each time in place of what it told before: taken at once while it is seldom; more than that waits, and the last counts. What a node
 * tells too often costs nobody else. On its session's loop.
 */
final class Paced {
    /** What comes at once, and how soon one more may. */
    static final int BURST = 8;

    static final long EVERY_MILLIS = 250;

    private final EventLoop loop;
    private final LongSupplier nanos;
    private final Consumer<ByteBuf> taker;

    /** When the burst would be whole again. */
    private long fullAt;

    private @Nullable ByteBuf waiting;
    private @Nullable Future<?> due;

    /** @param taker borrows what it gets */
    Paced(EventLoop loop, LongSupplier nanos, Consumer<ByteBuf> taker) {
        this.loop = loop;
        this.nanos = nanos;
        this.taker = taker;
        this.fullAt = nanos.getAsLong();
    }

    /** Borrows. */
    void tell(ByteBuf json) {
        long wait = waitNanos();
        if (waiting == null && wait <= 0) {
            take(json);
            return;
        }
        drop();
        waiting = json.retain();
        if (due == null) {
            due = loop.schedule(this::takeWaiting, wait, TimeUnit.NANOSECONDS);
        }
    }

    private long waitNanos() {
        return fullAt - nanos.getAsLong() - (BURST - 1) * TimeUnit.MILLISECONDS.toNanos(EVERY_MILLIS);
    }

    private void take(ByteBuf json) {
        long now = nanos.getAsLong();
        fullAt = (fullAt - now > 0 ? fullAt : now) + TimeUnit.MILLISECONDS.toNanos(EVERY_MILLIS);
        taker.accept(json);
    }

    private void takeWaiting() {
        due = null;
        ByteBuf json = waiting;
        waiting = null;
        if (json != null) {
            try {
                take(json);
            } finally {
                json.release();
            }
        }
    }

    private void drop() {
        if (waiting != null) {
            waiting.release();
            waiting = null;
        }
    }

    /** Nothing is taken any more. */
    void close() {
        drop();
        if (due != null) {
            due.cancel(false);
        }
    }
}
