// SPDX-License-Identifier: MIT
package io.goinfer.proxy.net;

import io.goinfer.certs.Identity;
import io.goinfer.certs.PemFiles;
import io.goinfer.tunnel.wire.OneKey;
import io.netty.handler.ssl.ClientAuth;
import io.netty.handler.ssl.IdentityCipherSuiteFilter;
import io.netty.handler.ssl.JdkSslContext;
import io.netty.handler.ssl.SslContext;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.cert.X509Certificate;
import javax.net.ssl.KeyManager;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManager;
import org.jspecify.annotations.Nullable;

/** TLS for TCP listeners: 1.2 and 1.3, ALPN http/1.1. */
public final class TlsContexts {
    /** Or the system's roots would be read. */
    private static final TrustManager[] NOBODY = {};

    private TlsContexts() {}

    /**
     * Not by Netty's builder, whose class tries out key stores and a whole crypto provider before it is of use.
     *
     * @param clients asks for client certificates, never demands them; null does not ask
     */
    public static SslContext server(Identity identity, @Nullable TrustManager clients) throws IOException {
        try {
            SSLContext context = SSLContext.getInstance("TLS");
            context.init(
                    new KeyManager[] {new OneKey(identity.key(), identity.chain())},
                    clients == null ? NOBODY : new TrustManager[] {clients},
                    null);
            return new JdkSslContext(
                    context,
                    false,
                    null,
                    IdentityCipherSuiteFilter.INSTANCE,
                    null,
                    clients == null ? ClientAuth.NONE : ClientAuth.OPTIONAL,
                    new String[] {"TLSv1.3", "TLSv1.2"},
                    false);
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
