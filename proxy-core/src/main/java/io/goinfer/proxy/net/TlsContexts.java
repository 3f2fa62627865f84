// SPDX-License-Identifier: MIT
package io.goinfer.proxy.net;

import io.goinfer.certs.Identity;
import io.goinfer.certs.PemFiles;
import io.goinfer.tunnel.wire.OneKey;
import io.netty.handler.ssl.SslHandler;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.cert.X509Certificate;
import java.util.function.Supplier;
import javax.net.ssl.KeyManager;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.TrustManager;
import org.jspecify.annotations.Nullable;

/** TLS for TCP listeners: 1.2 and 1.3, forward secret and authenticated ciphers only. */
public final class TlsContexts {
    /** Or the system's roots would be read. */
    private static final TrustManager[] NOBODY = {};

    private static final String[] VERSIONS = {"TLSv1.3", "TLSv1.2"};

    private static final String[] CIPHERS = {
        "TLS_AES_128_GCM_SHA256",
        "TLS_AES_256_GCM_SHA384",
        "TLS_CHACHA20_POLY1305_SHA256",
        "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
        "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
        "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
        "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
        "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256",
        "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256"
    };

    private TlsContexts() {}

    /**
     * What makes the TLS handler of a new connection. Not by Netty's contexts, whose class tries out key stores, the system's roots and a whole crypto provider
     * before it is of use.
     *
     * @param clients asks for client certificates, never demands them; null does not ask
     */
    public static Supplier<SslHandler> server(Identity identity, @Nullable TrustManager clients) throws IOException {
        try {
            SSLContext context = SSLContext.getInstance("TLS");
            context.init(
                    new KeyManager[] {new OneKey(identity.key(), identity.chain())},
                    clients == null ? NOBODY : new TrustManager[] {clients},
                    null);
            return () -> {
                SSLEngine engine = context.createSSLEngine();
                engine.setUseClientMode(false);
                engine.setEnabledProtocols(VERSIONS);
                engine.setEnabledCipherSuites(CIPHERS);
                engine.setWantClientAuth(clients != null);
                return new SslHandler(engine);
            };
        } catch (GeneralSecurityException e) {
            throw new IOException("tls: " + e.getMessage(), e);
        }
    }

    /** A certificate of one's own; {@code ca} stays the relay's CA. @throws IOException with a text for a person */
    public static Identity load(Path certificate, Path key, X509Certificate ca) throws IOException {
        try {
            return new Identity(
                    PemFiles.privateKey(Files.readString(key)),
                    PemFiles.certificates(Files.readString(certificate)),
                    ca);
        } catch (GeneralSecurityException e) {
            throw new IOException("tls: " + certificate + ", " + key + ": " + e.getMessage(), e);
        }
    }
}
