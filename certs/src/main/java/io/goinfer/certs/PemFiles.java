// SPDX-License-Identifier: MIT
package io.goinfer.certs;

import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.PrivateKey;
import java.security.cert.Certificate;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;

/** PEM text to keys and certificates, and back. */
public final class PemFiles {
    private static final int LINE = 64;
    private static final String OURS = "-----BEGIN PRIVATE KEY-----";

    private PemFiles() {}

    public static String write(String type, byte[] der) {
        String lines = Base64.getMimeEncoder(LINE, new byte[] {'\n'}).encodeToString(der);
        return "-----BEGIN " + type + "-----\n" + lines + "\n-----END " + type + "-----\n";
    }

    public static String write(List<X509Certificate> chain) throws CertificateException {
        StringBuilder text = new StringBuilder();
        for (X509Certificate certificate : chain) {
            text.append(write("CERTIFICATE", certificate.getEncoded()));
        }
        return text.toString();
    }

    public static String write(PrivateKey key) {
        return write("PRIVATE KEY", key.getEncoded());
    }

    /** @throws CertificateException if there is no certificate in it */
    public static List<X509Certificate> certificates(String pem) throws CertificateException {
        List<X509Certificate> chain = new ArrayList<>();
        CertificateFactory factory = CertificateFactory.getInstance("X.509");
        for (Certificate certificate :
                factory.generateCertificates(new ByteArrayInputStream(pem.getBytes(StandardCharsets.US_ASCII)))) {
            chain.add((X509Certificate) certificate);
        }
        if (chain.isEmpty()) {
            throw new CertificateException("no certificate in the PEM text");
        }
        return chain;
    }

    public static PrivateKey privateKey(String pem) throws GeneralSecurityException {
        if (pem.startsWith(OURS)) {
            // The form that we write, without the time that loading BouncyCastle takes.
            String base64 = pem.substring(OURS.length(), Math.max(OURS.length(), pem.indexOf("-----END")));
            try {
                return KeyFactory.getInstance("EC")
                        .generatePrivate(
                                new PKCS8EncodedKeySpec(Base64.getMimeDecoder().decode(base64)));
            } catch (GeneralSecurityException | IllegalArgumentException e) {
                return PemObjects.privateKey(pem);
            }
        }
        return PemObjects.privateKey(pem);
    }
}
