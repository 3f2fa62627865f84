// SPDX-License-Identifier: MIT
package io.goinfer.tunnel.quic;

import java.net.InetAddress;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * How often one address may begin a handshake, each of which costs a signature: a few a second, and ten times as many where a node was authenticated in the
 * last minutes, because many nodes may share an address; and how often all together may, without exemption. Addresses were proven by a Retry before. Pure; confined to the listener's loop.
 */
final class HandshakeRate {
    static final int BURST = 20;
    static final int PER_SECOND = 5;
    static final int KNOWN_FACTOR = 10;
    static final Duration KNOWN = Duration.ofMinutes(10);

    /** Of all addresses together, so that sessions that are open keep the loop. */
    static final int ALL_PER_SECOND = 100;

    static final int ALL_BURST = 200;

    /** The address that was quiet longest is forgotten first; it may begin anew. */
    private static final int MAX_ADDRESSES = 10_000;

    private static final double NANOS = 1e9;

    private static final class Bucket {
        private double left;
        private long at;
        private long knownUntil;
        private boolean known;

        Bucket(int full, long nowNanos) {
            left = full;
            at = nowNanos;
        }

        void fill(int perSecond, int full, long nowNanos) {
            left = Math.min(full, left + (nowNanos - at) / NANOS * perSecond);
            at = nowNanos;
        }
    }

    private @Nullable Bucket all;

    private final Map<InetAddress, Bucket> buckets = new LinkedHashMap<>(16, 0.75f, true) {
        private static final long serialVersionUID = 1;

        @Override
        protected boolean removeEldestEntry(Map.Entry<InetAddress, Bucket> eldest) {
            return size() > MAX_ADDRESSES;
        }
    };

    /** False: one too many now. Addresses are as {@link Peers} gives them. */
    boolean allows(InetAddress address, long nowNanos) {
        Bucket bucket = bucket(address, nowNanos);
        int factor = factor(address, bucket, nowNanos);
        bucket.fill(PER_SECOND * factor, BURST * factor, nowNanos);
        Bucket everybody = all == null ? new Bucket(ALL_BURST, nowNanos) : all;
        all = everybody;
        everybody.fill(ALL_PER_SECOND, ALL_BURST, nowNanos);
        if (bucket.left < 1 || everybody.left < 1) {
            return false;
        }
        bucket.left--;
        everybody.left--;
        return true;
    }

    /** How many times as much as a stranger an address may have. */
    int factor(InetAddress address, long nowNanos) {
        return factor(address, bucket(address, nowNanos), nowNanos);
    }

    private static int factor(InetAddress address, Bucket bucket, long nowNanos) {
        boolean known = bucket.known && bucket.knownUntil - nowNanos > 0;
        return known || address.isLoopbackAddress() ? KNOWN_FACTOR : 1;
    }

    /** A node was authenticated there. */
    void authenticated(InetAddress address, long nowNanos) {
        Bucket bucket = bucket(address, nowNanos);
        if (!bucket.known) {
            bucket.left += (double) BURST * (KNOWN_FACTOR - 1);
        }
        bucket.known = true;
        bucket.knownUntil = nowNanos + KNOWN.toNanos();
    }

    private Bucket bucket(InetAddress address, long nowNanos) {
        return buckets.computeIfAbsent(address, key -> new Bucket(BURST, nowNanos));
    }
}
