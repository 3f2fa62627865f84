// SPDX-License-Identifier: MIT
package io.goinfer.tunnel.wire;

import java.util.concurrent.TimeUnit;

/** Whether one direction moves so much that tokens must not wait for it: over 1 MiB within 10 s. Pure. */
public final class BulkMeter {
    static final long BYTES = 1 << 20;
    static final long NANOS = TimeUnit.SECONDS.toNanos(10);

    private long since;
    private long bytes;
    private boolean bulk;

    public BulkMeter(long nowNanos) {
        since = nowNanos;
    }

    /** @return as {@link #isBulk()} */
    public boolean sent(int size, long nowNanos) {
        if (nowNanos - since > NANOS) {
            since = nowNanos;
            bytes = 0;
            bulk = false;
        }
        bytes += size;
        bulk |= bytes > BYTES;
        return bulk;
    }

    public boolean isBulk() {
        return bulk;
    }
}
