// SPDX-License-Identifier: MIT
package io.goinfer.tunnel.wire;

import java.security.cert.Certificate;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.List;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLPeerUnverifiedException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The certificates that the other end of a TLS or QUIC connection proved. */
public final class PeerChain {
    private static final Logger LOG = LoggerFactory.getLogger(PeerChain.class);

    private PeerChain() {}

    /** Empty without TLS or without a client certificate. */
    public static List<X509Certificate> of(@Nullable SSLEngine engine) {
        List<X509Certificate> chain = new ArrayList<>();
        if (engine == null) {
            return chain;
        }
        try {
            for (Certificate certificate : engine.getSession().getPeerCertificates()) {
                if (certificate instanceof X509Certificate x509) {
                    chain.add(x509);
                }
            }
        } catch (SSLPeerUnverifiedException e) {
            LOG.trace("no client certificate");
        }
        return chain;
    }
}
