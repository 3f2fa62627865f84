// SPDX-License-Identifier: MIT
package io.goinfer.proxy.net;

import java.util.concurrent.atomic.AtomicLong;

/** How much all requests of a kind may hold together. Thread-safe. */
public final class ByteBudget {
    private static final long MAX = 128L << 20;

    private final long limit;
    private final AtomicLong used = new AtomicLong();

    public ByteBudget() {
        this(MAX);
    }

    /** At most {@code bytes}, and no more than a quarter of the heap. */
    public ByteBudget(long bytes) {
        this.limit = Math.min(bytes, Runtime.getRuntime().maxMemory() / 4);
    }

    public boolean reserve(long bytes) {
        if (used.addAndGet(bytes) > limit) {
            used.addAndGet(-bytes);
            return false;
        }
        return true;
    }

    /** A few bytes that must be had. */
    public void take(long bytes) {
        used.addAndGet(bytes);
    }

    public void release(long bytes) {
        used.addAndGet(-bytes);
    }

    public long used() {
        return used.get();
    }
}
