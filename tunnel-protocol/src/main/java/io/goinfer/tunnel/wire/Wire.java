// SPDX-License-Identifier: MIT
package io.goinfer.tunnel.wire;

import io.goinfer.tunnel.frame.Code;
import io.goinfer.tunnel.frame.Frame;
import io.netty.channel.EventLoop;
import java.net.SocketAddress;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * One connection between a relay and a node: a control channel and, opened by the relay, exchange streams. Confined to {@link #loop()}; every event
 * comes there too. Frames are handed over with their buffers, in both directions.
 */
public interface Wire {
    /** What the other side did. Exactly one {@link #onClosed} ends it, however it ends. */
    interface Events {
        void onControl(Frame.Control frame);

        /** The relay opened a stream; the returned object gets its events. Null: hold the stream for the next receiver of events. */
        WireStream.@Nullable Events onStream(WireStream stream);

        /** The other side's address changed under the connection. */
        default void onPathChanged() {}

        void onClosed(Code code, String reason);
    }

    EventLoop loop();

    /** Monotonic time in ns: what sessions of this wire measure by. */
    default long nanoTime() {
        return System.nanoTime();
    }

    /** {@code "quic"} or {@code "tcp"}. */
    String transport();

    SocketAddress remoteAddress();

    /** Feature bits (PROTOCOL.md §9) that this transport can do. */
    default long features() {
        return 0;
    }

    /** Those of them that HELLO_OK confirmed. */
    default void agreed(long features) {}

    /** Who gets events from now on; events never come before the first call. */
    void events(Events events);

    /** Queued behind earlier control frames and sent at once; lost if the wire is closed. */
    void sendControl(Frame.Control frame);

    /** Relay only. The stream may be used at once; if it cannot be opened it is cancelled with REFUSED, never from within this call. */
    WireStream open(WireStream.Events events);

    /** Tells the other side why. Later calls do nothing. */
    void close(Code code, String reason);

    /** Asks the transport for its figures; the sink is called on the loop, or never if the wire is closed. */
    void stats(Consumer<WireStats> sink);
}
