// SPDX-License-Identifier: MIT
package io.goinfer.proxy.net;

import java.net.Inet6Address;
import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;

/**
 * How many connections there may be, together and from one address. Of IPv6 a whole /64 counts as one address: that is what one customer gets. This
 * machine itself has no limit of its own: a web server in front of us has one address for all its clients. Thread-safe.
 */
public final class ConnectionLimit {
    private static final int PREFIX_BYTES = 8;

    private final int all;
    private final int perAddress;
    private final AtomicInteger open = new AtomicInteger();
    private final AtomicLong refused = new AtomicLong();
    private final Map<ByteBuffer, Integer> byAddress = new ConcurrentHashMap<>();

    public ConnectionLimit(int all, int perAddress) {
        this.all = all;
        this.perAddress = perAddress;
    }

    /** False: one too many; then it does not count. */
    public boolean enter(InetAddress address) {
        boolean fits = open.incrementAndGet() <= all;
        if (fits && !address.isLoopbackAddress()) {
            fits = byAddress.merge(key(address), 1, Integer::sum) <= perAddress;
            if (!fits) {
                leaveAddress(address);
            }
        }
        if (!fits) {
            open.decrementAndGet();
            refused.incrementAndGet();
        }
        return fits;
    }

    /** Of one that entered. */
    public void leave(InetAddress address) {
        open.decrementAndGet();
        if (!address.isLoopbackAddress()) {
            leaveAddress(address);
        }
    }

    private void leaveAddress(InetAddress address) {
        byAddress.computeIfPresent(key(address), (key, count) -> count == 1 ? null : count - 1);
    }

    public int open() {
        return open.get();
    }

    /** Since the start. */
    public long refused() {
        return refused.get();
    }

    private static ByteBuffer key(InetAddress address) {
        byte[] bytes = address.getAddress();
        return address instanceof Inet6Address ? ByteBuffer.wrap(bytes, 0, PREFIX_BYTES) : ByteBuffer.wrap(bytes);
    }
}
