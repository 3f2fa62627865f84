// SPDX-License-Identifier: MIT
package io.goinfer.tunnel.flow;

import io.goinfer.tunnel.frame.Code;
import io.goinfer.tunnel.frame.FrameException;

/** The sender's side of one direction of one exchange: how many DATA bytes may go out now. */
public final class SendWindow {
    /** The sum over all exchanges of a session that have no explicit CREDIT yet. */
    public static final class Implicit {
        private final int floor;
        private long held;

        public Implicit(int floor) {
            this.floor = floor;
        }

        long free() {
            return CreditPool.IMPLICIT_SIZE - held;
        }
    }

    private Implicit budget;
    private boolean implicit;
    private long sent;
    private long consumed;
    private long acknowledged;
    private long limit;
    private long taken;

    private SendWindow(Implicit budget, boolean implicit, long limit) {
        this.budget = budget;
        this.implicit = implicit;
        this.limit = limit;
    }

    /** The response direction: the limit came with REQUEST. */
    public static SendWindow granted(Implicit budget, int limit) {
        return new SendWindow(budget, false, limit);
    }

    /** The request direction before its first CREDIT. */
    public static SendWindow implicit(Implicit budget) {
        return new SendWindow(budget, true, ReceiveWindow.IMPLICIT_LIMIT);
    }

    public long sent() {
        return sent;
    }

    /** Bytes that may be sent now. */
    public long available() {
        long room = limit - sent;
        if (!implicit) {
            return room;
        }
        long belowFloor = Math.max(0, budget.floor - sent);
        return Math.min(room, belowFloor + Math.max(0, budget.free()));
    }

    /** @param bytes at most {@link #available()} */
    public void sent(int bytes) {
        if (bytes > available()) {
            throw new IllegalStateException("sent: " + bytes + " (expected: <= " + available() + ")");
        }
        sent += bytes;
        if (implicit) {
            take(Math.max(0, sent - budget.floor));
        }
    }

    /** @throws FrameException FLOW_CONTROL if an offset shrinks or was never sent */
    public void credit(long nowConsumed, long nowLimit) {
        if (nowConsumed < consumed || nowConsumed > sent || !implicit && nowLimit < limit || nowLimit < nowConsumed) {
            throw new FrameException(
                    Code.FLOW_CONTROL,
                    "CREDIT consumed " + nowConsumed + ", limit " + nowLimit + " after " + consumed + ", " + limit
                            + ", sent " + sent);
        }
        consumed = nowConsumed;
        // A receiver that went on in another session told what it had received, which was more.
        acknowledged = Math.max(acknowledged, nowConsumed);
        limit = Math.max(limit, nowLimit);
        implicit = false;
        take(0);
    }

    public long acknowledged() {
        return acknowledged;
    }

    /** Another session, whose receiver has {@code received} bytes and takes up to {@code nowLimit}; what lies above is to be sent again. */
    public void resume(Implicit of, long received, long nowLimit) {
        if (received < acknowledged || received > sent || nowLimit < limit && !implicit) {
            throw new FrameException(
                    Code.FLOW_CONTROL,
                    "resume at " + received + ", limit " + nowLimit + " after " + acknowledged + ", " + limit
                            + ", sent " + sent);
        }
        take(0);
        budget = of;
        implicit = false;
        acknowledged = received;
        sent = received;
        limit = Math.max(limit, nowLimit);
    }

    /** Another session, whose receiver knows nothing of this exchange. */
    public void restart(Implicit of) {
        take(0);
        budget = of;
        sent = 0;
    }

    /** Gives the implicit budget back. Idempotent. */
    public void close() {
        take(0);
    }

    private void take(long now) {
        // The budget of a session that was left belongs to another loop; nothing is taken from it then.
        if (now != taken) {
            budget.held += now - taken;
            taken = now;
        }
    }
}
