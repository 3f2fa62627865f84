// SPDX-License-Identifier: MIT
package io.goinfer.tunnel.session;

import io.goinfer.tunnel.frame.Code;
import io.goinfer.tunnel.frame.Id;

/** One relay process and one node process, over however many sessions: keeps the exchanges that have none (PROTOCOL.md §6.10). */
interface Association {
    /** A session is open and gets events. On its loop. */
    void opened(TunnelSession session);

    /** A session became suspect. On its loop. */
    void suspected(TunnelSession session);

    /** A session ended; the exchanges that it still has may go on elsewhere. On its loop. */
    void closed(TunnelSession session);

    /** Node: an exchange ended in a way that the relay may not know. */
    void remember(Id exchange, Code code);

    /** Node: a REQUEST for it, of kind new, that comes in this session is not to run. */
    boolean refuses(Id exchange, TunnelSession session);
}
