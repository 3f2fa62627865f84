// SPDX-License-Identifier: MIT
package io.goinfer.tunnel.session;

import io.goinfer.tunnel.frame.Code;
import io.goinfer.tunnel.frame.Frame;
import io.netty.buffer.ByteBuf;

/** What the other side of an open session does. On the session's event loop; never blocks. */
public interface SessionEvents {
    /** Relay: the node's catalog. Borrows {@code json}. */
    default void onModels(ByteBuf json) {}

    /** Relay: the node's load. Borrows {@code json}. */
    default void onLoad(ByteBuf json) {}

    /** Node: the relay opened an exchange; the returned object gets its events. */
    default ExchangeEvents onExchange(TunnelExchange exchange, Frame.Request request) {
        throw new IllegalStateException("exchanges are opened by the relay");
    }

    /** The session became suspect, or is well again. */
    default void onVerdict(boolean suspect) {}

    /** The other side opens, or wants, no further exchange here. */
    default void onGoAway(Frame.GoAway away) {}

    /** The last event. All exchanges have had their {@link ExchangeEvents#onReset}. */
    void onClosed(Code code, String reason);
}
