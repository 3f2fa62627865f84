// SPDX-License-Identifier: MIT
package io.goinfer.tunnel.quic;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.util.HashMap;
import java.util.Map;

/** How many connections nobody has authenticated yet, in all and by address. Confined to the listener's loop. */
final class Unknown {
    private static final int MAX = 256;
    private static final int MAX_PER_ADDRESS = 16;

    private final Map<InetAddress, Integer> byAddress = new HashMap<>();
    private int all;

    /** @param factor more of that address */
    boolean enter(SocketAddress remote, int factor) {
        InetAddress address = address(remote);
        if (all >= MAX || byAddress.getOrDefault(address, 0) >= MAX_PER_ADDRESS * factor) {
            return false;
        }
        all++;
        byAddress.merge(address, 1, Integer::sum);
        return true;
    }

    void leave(SocketAddress remote) {
        all--;
        byAddress.computeIfPresent(address(remote), (key, count) -> count == 1 ? null : count - 1);
    }

    static InetAddress address(SocketAddress remote) {
        return remote instanceof InetSocketAddress inet && inet.getAddress() != null
                ? inet.getAddress()
                : InetAddress.getLoopbackAddress();
    }
}
