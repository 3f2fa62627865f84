// SPDX-License-Identifier: MIT
package io.goinfer.proxy.upstream;

import io.netty.channel.EventLoop;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;

/**
 * Carries calls to another loop in order: many calls, one task. On the loop itself it calls at once. {@code afterBatch} runs behind each batch. The loop
 * may change: calls that wait go to the new one. A call that throws there stops none of the others.
 */
final class Hop {
    private static final Runnable NOTHING = () -> {};

    private final Consumer<RuntimeException> failed;
    private volatile EventLoop loop;
    private final Runnable afterBatch;
    /** Empty it takes a hundredth of what Netty's queue for many producers does, and mostly it stays so. */
    private final Queue<Runnable> calls = new ConcurrentLinkedQueue<>();

    private final AtomicBoolean scheduled = new AtomicBoolean();

    Hop(EventLoop loop, Consumer<RuntimeException> failed) {
        this(loop, failed, NOTHING);
    }

    /** @param failed told on the loop what a call threw that came over */
    Hop(EventLoop loop, Consumer<RuntimeException> failed, Runnable afterBatch) {
        this.loop = loop;
        this.failed = failed;
        this.afterBatch = afterBatch;
    }

    /** On the loop that it leaves. */
    void moveTo(EventLoop next) {
        loop = next;
    }

    void run(Runnable call) {
        if (loop.inEventLoop()) {
            // Those that came from elsewhere before this one.
            callAll();
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
        EventLoop now = loop;
        if (!now.inEventLoop()) {
            now.execute(this::drain);
            return;
        }
        // Before the first poll: what is added later schedules the next drain.
        scheduled.set(false);
        callAll();
        afterBatch.run();
    }

    private void callAll() {
        Runnable call;
        while (loop.inEventLoop() && (call = calls.poll()) != null) {
            try {
                call.run();
            } catch (RuntimeException e) {
                failed.accept(e);
            }
        }
    }
}
