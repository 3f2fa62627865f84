// SPDX-License-Identifier: MIT
package io.goinfer.tunnel.flow;

import io.goinfer.tunnel.frame.Code;
import io.goinfer.tunnel.frame.FrameException;
import org.jspecify.annotations.Nullable;

/**
 * The receiver's side of one direction of one exchange: {@code consumed ≤ received ≤ limit}. Grants more only while its reader consumes.
 *
 * <p>An implicit window (request direction before the first CREDIT) counts what it holds, an explicit one what it has granted.
 */
public final class ReceiveWindow {
    static final long INTERACTIVE_CAP = 256 << 10;
    static final long BULK_CAP = 1 << 20;

    /** Room is granted again when so much, or half of a smaller window, was used. */
    private static final long STEP = 32 << 10;

    /** First limit of the request direction. */
    static final long IMPLICIT_LIMIT = 64 << 10;

    private @Nullable CreditPool pool;
    private long received;
    private long consumed;
    private long limit;
    private long granted;
    private long taken;
    private boolean implicit;
    private boolean bulk;
    private boolean closed;

    private ReceiveWindow(CreditPool pool, long limit, boolean implicit) {
        this.pool = pool;
        this.limit = limit;
        this.granted = limit;
        this.implicit = implicit;
        account();
    }

    /** The response direction: the limit was sent with REQUEST. */
    public static ReceiveWindow granted(CreditPool pool, int limit) {
        return new ReceiveWindow(pool, limit, false);
    }

    /** The request direction. */
    public static ReceiveWindow implicit(CreditPool pool) {
        return new ReceiveWindow(pool, IMPLICIT_LIMIT, true);
    }

    public long consumed() {
        return consumed;
    }

    public long limit() {
        return limit;
    }

    public long received() {
        return received;
    }

    /** Out of its session: consumes on, grants nothing. */
    public void detach() {
        release();
        pool = null;
    }

    /** Into another session. The sender was told {@link #limit()}. */
    public void attach(CreditPool of) {
        if (!closed) {
            release();
            implicit = false;
            pool = of;
            account();
        }
    }

    /** Bytes that arrived and were not consumed. */
    public long held() {
        return received - consumed;
    }

    public void bulk() {
        if (!bulk) {
            release();
            bulk = true;
            account();
        }
    }

    /** @throws FrameException FLOW_CONTROL if the sender went beyond what it was granted */
    public void received(int bytes) {
        if (closed) {
            return;
        }
        received += bytes;
        if (received > limit) {
            throw new FrameException(Code.FLOW_CONTROL, "offset: " + received + " (expected: <= " + limit + ")");
        }
        account();
        if (implicit && pool != null && pool.implicitHeld() > CreditPool.IMPLICIT_SIZE) {
            throw new FrameException(Code.FLOW_CONTROL, "requests without credit: " + pool.implicitHeld() + " bytes");
        }
    }

    /** The next hop took bytes. True if a CREDIT with {@link #consumed()} and {@link #limit()} is due. */
    public boolean consumed(long bytes) {
        if (bytes > held()) {
            throw new IllegalStateException("consumed: " + bytes + " (expected: <= " + held() + ")");
        }
        consumed += bytes;
        CreditPool from = pool;
        if (from == null || closed) {
            return false;
        }
        account();
        long floor = from.floor();
        long cap = bulk ? BULK_CAP : INTERACTIVE_CAP;
        long window = floor + Math.max(0, Math.min(cap - floor, (from.free(bulk) + taken) / 2));
        // In steps: what is granted at once is sent at once, and fills the queues of the way.
        boolean sendersRoomIsSmall = limit - received <= granted - Math.min(granted / 2, STEP);
        if (!sendersRoomIsSmall || consumed + window < limit + Math.min(window / 4, floor / 2)) {
            return false;
        }
        release();
        limit = consumed + window;
        granted = window;
        implicit = false;
        account();
        return true;
    }

    /** Nothing more is granted; everything goes back to the pool. What was received still counts as it is consumed. Idempotent. */
    public void close() {
        if (!closed) {
            closed = true;
            release();
        }
    }

    private void release() {
        take(0);
    }

    private void account() {
        if (pool != null) {
            take(Math.max(0, (implicit ? received : limit) - consumed - pool.floor()));
        }
    }

    private void take(long now) {
        if (pool != null) {
            pool.adjust(now - taken, bulk);
            if (implicit) {
                pool.adjustImplicit(now - taken);
            }
            taken = now;
        }
    }
}
