// SPDX-License-Identifier: MIT
package io.goinfer.tunnel.quic;

import java.net.InetAddress;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Connections of which nobody knows yet whose they are, in all and by address (docs/decisions/023). One too many never keeps the newcomer out: the oldest makes
 * room, of the address that has its share, else of all. Pure; confined to the listener's loop.
 */
final class Strangers<C> {
    static final int MAX = 256;
    static final int MAX_PER_ADDRESS = 16;

    /** The oldest first. */
    private final Map<C, InetAddress> all = new LinkedHashMap<>();

    private final Map<InetAddress, Set<C>> byAddress = new HashMap<>();

    /**
     * @param from as {@link Peers#address} gives it
     * @param factor more of that address
     * @return who has to leave for it; it has left
     */
    @Nullable
    C enter(C connection, InetAddress from, int factor) {
        Set<C> same = byAddress.computeIfAbsent(from, key -> new LinkedHashSet<>());
        all.put(connection, from);
        same.add(connection);
        C oldest = same.size() > MAX_PER_ADDRESS * factor
                ? same.iterator().next()
                : all.size() > MAX ? all.keySet().iterator().next() : null;
        if (oldest != null) {
            leave(oldest);
        }
        return oldest;
    }

    /** Idempotent. */
    void leave(C connection) {
        InetAddress from = all.remove(connection);
        Set<C> same = from == null ? null : byAddress.get(from);
        if (from != null && same != null) {
            same.remove(connection);
            if (same.isEmpty()) {
                byAddress.remove(from);
            }
        }
    }

    int count() {
        return all.size();
    }
}
