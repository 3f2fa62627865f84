// SPDX-License-Identifier: MIT
package io.goinfer.tunnel.session;

import io.goinfer.tunnel.frame.Code;

/** One relay process and one node process, over however many sessions: keeps the exchanges that have none (PROTOCOL.md §6.10). */
interface Association {
    /** A session is open and gets events. On its loop. */
    void opened(TunnelSession session);

    /** A session became suspect, or is well again. On its loop. */
    void judged(TunnelSession session);

    /** A session ended; the exchanges that it still has may go on elsewhere. On its loop. */
    void closed(TunnelSession session);

    /** An exchange of one of its sessions, or of none, is over. {@code code}: how the other side may not know yet that it ended; NO_ERROR: it knows. */
    void finished(TunnelExchange exchange, Code code);
}
