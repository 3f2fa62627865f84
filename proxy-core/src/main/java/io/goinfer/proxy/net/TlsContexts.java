// SPDX-License-Identifier: MIT
package io.goinfer.proxy.net;

import io.goinfer.certs.Identity;
import io.goinfer.certs.PemFiles;
import io.netty.handler.ssl.ClientAuth;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslProvider;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.cert.X509Certificate;
import javax.net.ssl.SSLException;
import javax.net.ssl.TrustManager;
import org.jspecify.annotations.Nullable;

/** TLS for TCP listeners: 1.2 and 1.3, ALPN http/1.1. */
public final class TlsContexts {
    private TlsContexts() {}

    /** @param clients asks for client certificates, never demands them; null does not ask */
    public static SslContext server(Identity identity, @Nullable TrustManager clients) throws SSLException {
        SslContextBuilder builder = SslContextBuilder.forServer(
                        identity.key(), identity.chain().toArray(X509Certificate[]::new))
                .sslProvider(SslProvider.JDK)
                .protocols("TLSv1.3", "TLSv1.2");
        if (clients != null) {
            builder.trustManager(clients).clientAuth(ClientAuth.OPTIONAL);
        }
        return builder.build();
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
