// SPDX-License-Identifier: MIT
package io.goinfer.tunnel.quic;

import io.goinfer.tunnel.wire.OneKey;
import io.netty.handler.codec.quic.Quic;
import io.netty.handler.codec.quic.QuicSslContext;
import io.netty.handler.codec.quic.QuicSslContextBuilder;
import io.netty.handler.ssl.ClientAuth;
import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import java.util.List;
import javax.net.ssl.TrustManager;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** TLS contexts of both ends: TLS 1.3, ALPN {@code h3}, no 0-RTT. Keys must be ECDSA P-256 (docs/decisions/004). */
public final class QuicTls {
    private static final Logger LOG = LoggerFactory.getLogger(QuicTls.class);

    private QuicTls() {}

    /** Loads the native library, which later calls would do otherwise. Blocking; on any thread; does not throw. */
    public static void load() {
        LOG.debug("native QUIC available: {}", Quic.isAvailable());
    }

    /** @param clients decides about client certificates; must accept unknown ones, {@link NodeAuthority} refuses them with a reason */
    public static QuicSslContext relay(PrivateKey key, List<X509Certificate> chain, TrustManager clients) {
        return QuicSslContextBuilder.forServer(new OneKey(key, chain), null)
                .trustManager(clients)
                .clientAuth(ClientAuth.OPTIONAL)
                .applicationProtocols("h3")
                .earlyData(false)
                .build();
    }

    /** @param relays decides about the relay's certificate; null = the system's roots */
    public static QuicSslContext node(PrivateKey key, List<X509Certificate> chain, @Nullable TrustManager relays) {
        QuicSslContextBuilder builder = QuicSslContextBuilder.forClient()
                .keyManager(new OneKey(key, chain), null)
                .applicationProtocols("h3")
                .earlyData(false);
        if (relays != null) {
            builder.trustManager(relays);
        }
        return builder.build();
    }
}
