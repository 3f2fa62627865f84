// SPDX-License-Identifier: MIT
package io.goinfer.proxy.agent;

import java.io.IOException;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import org.jspecify.annotations.Nullable;

/**
 * Whether the way to the relay leads over another interface, or from another address, than before: Wi-Fi after a cable, a new lease. A TCP connection from the
 * old address is dead and does not know. Addresses of other interfaces may come and go. Confined to one thread.
 */
final class SourceWatch {
    private @Nullable InetAddress source;

    /** From where packets to {@code relay} leave; null: no way leads there now. Sends nothing: the system looks into its routes. Blocking, for microseconds. */
    static @Nullable InetAddress towards(InetSocketAddress relay) {
        if (relay.getPort() == 0) {
            return null;
        }
        try (DatagramSocket socket = new DatagramSocket()) {
            socket.connect(relay);
            InetAddress local = socket.getLocalAddress();
            return local.isAnyLocalAddress() ? null : local;
        } catch (IOException e) {
            return null;
        }
    }

    /** A session has just come this way. */
    void begin(@Nullable InetAddress now) {
        source = now;
    }

    /**
     * True: it is another one than before.
     *
     * @param now null is not another one: when the way is back, it may be the old one
     */
    boolean changed(@Nullable InetAddress now) {
        if (now == null) {
            return false;
        }
        boolean changed = source != null && !source.equals(now);
        source = now;
        return changed;
    }
}
