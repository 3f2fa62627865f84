// SPDX-License-Identifier: MIT
package io.goinfer.certs;

import java.io.IOException;
import java.net.Socket;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.MessageDigest;
import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import java.util.Arrays;
import java.util.Set;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509ExtendedTrustManager;

/**
 * How a node verifies a relay that has its own CA: the chain ends in that CA, the certificate is for servers, and it names the host that was dialled or
 * {@link CertificateAuthority#INTERNAL_NAME}. That name is enough: nobody but this CA's relay has it, and node certificates are not for servers.
 */
public final class RelayTrust extends X509ExtendedTrustManager {
    private final byte[] caSpkiSha256;

    private RelayTrust(byte[] caSpkiSha256) {
        this.caSpkiSha256 = caSpkiSha256.clone();
    }

    /** For the first contact, from a join token. */
    public static TrustManager pin(JoinToken token) {
        return new RelayTrust(token.caSpkiSha256());
    }

    /** For an enrolled node. */
    public static TrustManager of(X509Certificate ca) {
        return new RelayTrust(Keys.sha256(ca.getPublicKey().getEncoded()));
    }

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String authType, SSLEngine engine)
            throws CertificateException {
        check(chain, authType, engine == null ? "" : String.valueOf(engine.getPeerHost()));
    }

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String authType, Socket socket)
            throws CertificateException {
        check(chain, authType, "");
    }

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String authType) throws CertificateException {
        check(chain, authType, "");
    }

    private void check(X509Certificate[] chain, String authType, String host) throws CertificateException {
        X509Certificate ca = Arrays.stream(chain)
                .filter(c -> MessageDigest.isEqual(
                        caSpkiSha256, Keys.sha256(c.getPublicKey().getEncoded())))
                .findFirst()
                .orElseThrow(
                        () -> new CertificateException("the relay's certificate is not from the CA of the join token"));
        try {
            KeyStore anchors = KeyStore.getInstance(KeyStore.getDefaultType());
            anchors.load(null, null);
            anchors.setCertificateEntry("relay-ca", ca);
            TrustManagerFactory factory = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
            factory.init(anchors);
            // Validates the chain, its dates, and that the certificate is for servers.
            ((X509ExtendedTrustManager) factory.getTrustManagers()[0]).checkServerTrusted(chain, authType);
        } catch (CertificateException e) {
            throw e;
        } catch (GeneralSecurityException | IOException e) {
            throw new CertificateException("the relay's certificate could not be checked", e);
        }
        Set<String> names = CertificateAuthority.names(chain[0]);
        if (!names.contains(host) && !names.contains(CertificateAuthority.INTERNAL_NAME)) {
            throw new CertificateException("the certificate is not a relay's: it names " + names);
        }
    }

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String authType, Socket socket)
            throws CertificateException {
        checkClientTrusted(chain, authType);
    }

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String authType, SSLEngine engine)
            throws CertificateException {
        checkClientTrusted(chain, authType);
    }

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String authType) throws CertificateException {
        throw new CertificateException("this end verifies relays only");
    }

    @Override
    public X509Certificate[] getAcceptedIssuers() {
        return new X509Certificate[0];
    }
}
