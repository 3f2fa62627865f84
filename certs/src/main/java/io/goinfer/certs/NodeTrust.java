// SPDX-License-Identifier: MIT
package io.goinfer.certs;

import java.net.Socket;
import java.security.cert.X509Certificate;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.X509ExtendedTrustManager;

/**
 * The relay's side of client certificates in the handshake: asks for certificates of exactly our CA and lets the handshake succeed with any, because a
 * foreign certificate counts as none. {@link Enrollment#verify} decides, per connection, on the certificate that was proved.
 */
public final class NodeTrust extends X509ExtendedTrustManager {
    private final X509Certificate ca;

    public NodeTrust(X509Certificate ca) {
        this.ca = ca;
    }

    @Override
    public X509Certificate[] getAcceptedIssuers() {
        return new X509Certificate[] {ca};
    }

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String authType) {}

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String authType, Socket socket) {}

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String authType, SSLEngine engine) {}

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String authType, Socket socket) {
        throw new IllegalStateException("this end verifies nodes only");
    }

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String authType, SSLEngine engine) {
        throw new IllegalStateException("this end verifies nodes only");
    }

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String authType) {
        throw new IllegalStateException("this end verifies nodes only");
    }
}
