// SPDX-License-Identifier: MIT
package io.goinfer.tunnel.session;

import io.goinfer.tunnel.frame.Code;
import io.goinfer.tunnel.frame.Frame;
import io.netty.util.concurrent.Future;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** How a session ends in order: nothing more is opened, and it closes with its last exchange or at the deadline (PROTOCOL.md §5.7). On the session's loop. */
final class Drain {
    private final TunnelSession session;
    private boolean ours;
    private boolean theirs;
    private @Nullable Future<?> timer;
    private long deadline = Long.MAX_VALUE;

    Drain(TunnelSession session) {
        this.session = session;
    }

    /** We asked for it. */
    boolean isOurs() {
        return ours;
    }

    boolean isUnderWay() {
        return ours || theirs;
    }

    void begin(Code code, Duration within, String reason) {
        ours = true;
        session.wire().sendControl(new Frame.GoAway(code, within.toMillis(), reason));
        closeWithin(code, within, reason);
    }

    /** The other side asks for it. */
    void asked(Frame.GoAway away) {
        theirs = true;
        closeWithin(away.code(), Duration.ofMillis(away.drainMillis()), away.reason());
    }

    /** A shorter deadline replaces a longer one. */
    void closeWithin(Code code, Duration within, String reason) {
        long at = session.wire().nanoTime() + within.toNanos();
        if (at < deadline) {
            deadline = at;
            stop();
            Code end = code == Code.NO_ERROR ? Code.DRAINING : code;
            timer = session.wire()
                    .loop()
                    .schedule(() -> session.close(end, reason), Math.max(0, within.toMillis()), TimeUnit.MILLISECONDS);
        }
        exchangeEnded();
    }

    /** Perhaps it was the last one. */
    void exchangeEnded() {
        if (isUnderWay() && !session.isClosed() && session.exchanges() == 0) {
            session.wire().loop().execute(() -> {
                if (session.exchanges() == 0) {
                    session.close(Code.NO_ERROR, "drained");
                }
            });
        }
    }

    void stop() {
        if (timer != null) {
            timer.cancel(false);
        }
    }
}
