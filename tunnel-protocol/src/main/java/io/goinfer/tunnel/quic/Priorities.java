// SPDX-License-Identifier: MIT
package io.goinfer.tunnel.quic;

import io.netty.handler.codec.quic.QuicStreamPriority;

/** What leaves first where not everything can leave (RFC 9218 §4; the smaller the more urgent, 0 to 127): each side says it of what it sends. */
final class Priorities {
    /** PONGs, credit, resets. */
    static final QuicStreamPriority CONTROL = new QuicStreamPriority(0, true);

    static final QuicStreamPriority TOKENS = new QuicStreamPriority(10, true);

    static final QuicStreamPriority BULK = new QuicStreamPriority(120, true);

    private Priorities() {}
}
