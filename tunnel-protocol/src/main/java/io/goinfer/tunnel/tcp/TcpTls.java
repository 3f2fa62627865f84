// SPDX-License-Identifier: MIT
package io.goinfer.tunnel.tcp;

import io.goinfer.tunnel.wire.OneKey;
import io.netty.handler.ssl.ApplicationProtocolNames;
import io.netty.handler.ssl.SslHandler;
import java.nio.ByteBuffer;
import java.security.GeneralSecurityException;
import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import java.util.List;
import javax.net.ssl.KeyManager;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLEngineResult;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.TrustManager;
import org.jspecify.annotations.Nullable;

/**
 * The node's end of TLS: 1.3, ALPN {@code http/1.1}. The relay's is that of its HTTP/1.1 port. The JDK's engine as it is: Netty's contexts read the system's roots
 * first, which nobody needs here and a start waits for. Thread-safe.
 */
public final class TcpTls {
    static final String VERSION = "TLSv1.3";

    private final SSLContext context;

    private TcpTls(SSLContext context) {
        this.context = context;
    }

    /**
     * Also makes the first message of a handshake and drops it: a process that does so for the first time reads classes for a tenth of a second, and a dial on
     * the loop does not wait for that. Takes as long, so not on a loop.
     *
     * @param relays decides about the relay's certificate; null = the system's roots
     */
    public static TcpTls node(PrivateKey key, List<X509Certificate> chain, @Nullable TrustManager relays) {
        try {
            SSLContext context = SSLContext.getInstance(VERSION);
            context.init(
                    new KeyManager[] {new OneKey(key, chain)},
                    relays == null ? null : new TrustManager[] {relays},
                    null);
            TcpTls tls = new TcpTls(context);
            SSLEngine rehearsal = tls.engine("relay", 443);
            SSLEngineResult unused = rehearsal.wrap(
                    ByteBuffer.allocate(0),
                    ByteBuffer.allocate(rehearsal.getSession().getPacketBufferSize()));
            return tls;
        } catch (GeneralSecurityException | SSLException e) {
            throw new IllegalArgumentException("TLS: " + e.getMessage(), e);
        }
    }

    /** @param host for SNI, and what the relay's certificate must name */
    SslHandler handler(String host, int port) {
        return new SslHandler(engine(host, port));
    }

    private SSLEngine engine(String host, int port) {
        SSLEngine engine = context.createSSLEngine(host, port);
        engine.setUseClientMode(true);
        SSLParameters parameters = engine.getSSLParameters();
        parameters.setProtocols(new String[] {VERSION});
        parameters.setApplicationProtocols(new String[] {ApplicationProtocolNames.HTTP_1_1});
        parameters.setEndpointIdentificationAlgorithm("HTTPS");
        engine.setSSLParameters(parameters);
        return engine;
    }
}
