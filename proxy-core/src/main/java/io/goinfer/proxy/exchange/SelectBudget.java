// SPDX-License-Identifier: MIT
package io.goinfer.proxy.exchange;

import java.util.concurrent.atomic.AtomicLong;

/** How much all requests together may hold back while their model is looked for. Thread-safe. */
public final class SelectBudget {
    private static final long MAX = 128L << 20;

    private final long limit;
    private final AtomicLong used = new AtomicLong();

    public SelectBudget() {
        this.limit = Math.min(MAX, Runtime.getRuntime().maxMemory() / 4);
    }

    boolean reserve(long bytes) {
        if (used.addAndGet(bytes) > limit) {
            used.addAndGet(-bytes);
            return false;
        }
        return true;
    }

    /** A few bytes that must be had. */
    void take(long bytes) {
        used.addAndGet(bytes);
    }

    void release(long bytes) {
        used.addAndGet(-bytes);
    }

    public long used() {
        return used.get();
    }
}
