// SPDX-License-Identifier: MIT
package io.goinfer.tunnel.session;

import io.goinfer.tunnel.frame.Code;
import io.goinfer.tunnel.frame.Field;
import io.goinfer.tunnel.frame.Frame;
import io.netty.buffer.ByteBuf;
import io.netty.channel.EventLoop;
import java.util.List;

/**
 * What the other side of one exchange does. On the session's event loop. Ends with {@link #onReset}, or with both directions ended; after that
 * nothing comes.
 */
public interface ExchangeEvents {
    /** Node: the exchange may be used. The first event, before anything that the relay sent behind the head. */
    default void onOpened() {}

    /** Relay: an interim response. */
    default void onInfo(Frame.Info info) {}

    /** Relay: the response's head. */
    default void onResponse(Frame.Response response) {}

    /** Body bytes; the receiver owns {@code content} and calls {@link TunnelExchange#consumed} when the next hop took them. */
    void onData(ByteBuf content);

    default void onTrailers(List<Field> fields) {}

    /** The other side's direction ended well. */
    void onEnd();

    /** The end of both directions. Codes: PROTOCOL.md §7.1. */
    void onReset(Code code, String reason);

    /** {@link TunnelExchange#isWritable()} became true again. */
    default void onWritable() {}

    /** There is no session at the moment: what is sent waits, nothing comes. */
    default void onDetached() {}

    /** It goes on where it stood. */
    default void onResumed() {}

    /** Relay: from now on the exchange is confined to this loop. Called on the one before, while it is detached. */
    default void onMoved(EventLoop loop) {}

    /** A batch of bytes was delivered: the moment to flush what was written on. */
    default void onBatchEnd() {}
}
