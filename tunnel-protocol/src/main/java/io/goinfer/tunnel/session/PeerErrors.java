// SPDX-License-Identifier: MIT
package io.goinfer.tunnel.session;

import java.util.concurrent.TimeUnit;

/** What a peer did wrong within a minute: PROTOCOL.md §4. Pure; the caller brings the time. */
final class PeerErrors {
    static final int MAX = 100;

    private static final long WINDOW_NANOS = TimeUnit.SECONDS.toNanos(60);

    private int count;
    private long since;

    PeerErrors(long now) {
        since = now;
    }

    int count() {
        return count;
    }

    /** One more. */
    boolean tooMany(long now) {
        if (now - since > WINDOW_NANOS) {
            since = now;
            count = 0;
        }
        return ++count >= MAX;
    }
}
