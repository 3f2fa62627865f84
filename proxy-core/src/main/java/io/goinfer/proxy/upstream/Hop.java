// SPDX-License-Identifier: MIT
package io.goinfer.proxy.upstream;

import io.netty.channel.EventLoop;
import io.netty.util.internal.PlatformDependent;
import java.util.Queue;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * Carries calls to another loop in order: many calls, one task. On the loop itself it calls at once. {@code afterBatch} runs behind each batch.
 */
final class Hop {
    private static final Runnable NOTHING = () -> {};

    private final EventLoop loop;
    private final Runnable afterBatch;
    private final Queue<Runnable> calls = PlatformDependent.newMpscQueue();
    private final AtomicBoolean scheduled = new AtomicBoolean();

    Hop(EventLoop loop) {
        this(loop, NOTHING);
    }

    Hop(EventLoop loop, Runnable afterBatch) {
        this.loop = loop;
        this.afterBatch = afterBatch;
    }

    void run(Runnable call) {
        if (loop.inEventLoop()) {
            call.run();
            return;
        }
        calls.add(call);
        if (scheduled.compareAndSet(false, true)) {
            loop.execute(this::drain);
        }
    }

    /** The caller has no more calls for now. */
    void batchEnd() {
        if (loop.inEventLoop()) {
            afterBatch.run();
        }
    }

    private void drain() {
        // Before the first poll: what is added later schedules the next drain.
        scheduled.set(false);
        Runnable call;
        while ((call = calls.poll()) != null) {
            call.run();
        }
        afterBatch.run();
    }
}
