// SPDX-License-Identifier: MIT
package io.goinfer.proxy.http;

import io.netty.channel.ChannelPipeline;
import io.netty.handler.ssl.SslHandler;
import java.security.cert.Certificate;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.List;
import javax.net.ssl.SSLPeerUnverifiedException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The certificate that the other end of a TLS connection proved. */
final class TlsPeer {
    private static final Logger LOG = LoggerFactory.getLogger(TlsPeer.class);

    private TlsPeer() {}

    /** Empty without TLS or without a client certificate. */
    static List<X509Certificate> chain(ChannelPipeline pipeline) {
        List<X509Certificate> chain = new ArrayList<>();
        SslHandler handler = pipeline.get(SslHandler.class);
        if (handler != null) {
            try {
                for (Certificate one : handler.engine().getSession().getPeerCertificates()) {
                    chain.add((X509Certificate) one);
                }
            } catch (SSLPeerUnverifiedException e) {
                LOG.trace("no client certificate");
            }
        }
        return chain;
    }
}
