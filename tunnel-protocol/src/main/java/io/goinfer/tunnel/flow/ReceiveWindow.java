// SPDX-License-Identifier: MIT
package io.goinfer.tunnel.flow;

import io.goinfer.tunnel.frame.Code;
import io.goinfer.tunnel.frame.FrameException;

/**
 * The receiver's side of one direction of one exchange: {@code consumed ≤ received ≤ limit}. Grants more only while its reader consumes.
 *
 * <p>An implicit window (request direction before the first CREDIT) counts what it holds, an explicit one what it has granted.
 */
public final class ReceiveWindow {
    static final long INTERACTIVE_CAP = 256 << 10;
    static final long BULK_CAP = 1 << 20;

    /** First limit of the request direction. */
    static final long IMPLICIT_LIMIT = 64 << 10;

    private final CreditPool pool;
    private long received;
    private long consumed;
    private long limit;
    private long taken;
    private boolean implicit;
    private boolean bulk;
    private boolean closed;

    private ReceiveWindow(CreditPool pool, long limit, boolean implicit) {
        this.pool = pool;
        this.limit = limit;
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

    /** Bytes that arrived and were not consumed. */
    public long held() {
        return received - consumed;
    }

    public void bulk() {
        if (!bulk) {
            pool.adjust(-taken, false);
            bulk = true;
            pool.adjust(taken, true);
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
        if (implicit && pool.implicitHeld() > CreditPool.IMPLICIT_SIZE) {
            throw new FrameException(Code.FLOW_CONTROL, "requests without credit: " + pool.implicitHeld() + " bytes");
        }
    }

    /** The next hop took bytes. True if a CREDIT with {@link #consumed()} and {@link #limit()} is due. */
    public boolean consumed(long bytes) {
        if (closed) {
            return false;
        }
        if (bytes > held()) {
            throw new IllegalStateException("consumed: " + bytes + " (expected: <= " + held() + ")");
        }
        long granted = limit - consumed;
        consumed += bytes;
        account();
        long floor = pool.floor();
        long cap = bulk ? BULK_CAP : INTERACTIVE_CAP;
        long window = floor + Math.max(0, Math.min(cap - floor, (pool.free(bulk) + taken) / 2));
        boolean sendersRoomIsSmall = limit - received < granted / 2;
        if (!sendersRoomIsSmall || consumed + window < limit + Math.min(window / 4, floor / 2)) {
            return false;
        }
        limit = consumed + window;
        if (implicit) {
            pool.adjustImplicit(-taken);
            implicit = false;
        }
        account();
        return true;
    }

    /** Gives everything back to the pool. Idempotent. */
    public void close() {
        if (!closed) {
            closed = true;
            pool.adjust(-taken, bulk);
            if (implicit) {
                pool.adjustImplicit(-taken);
            }
            taken = 0;
        }
    }

    private void account() {
        long now = Math.max(0, (implicit ? received : limit) - consumed - pool.floor());
        pool.adjust(now - taken, bulk);
        if (implicit) {
            pool.adjustImplicit(now - taken);
        }
        taken = now;
    }
}
