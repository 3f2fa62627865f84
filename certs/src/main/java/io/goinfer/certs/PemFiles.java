// SPDX-License-Identifier: MIT
package io.goinfer.certs;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.StringReader;
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
import org.bouncycastle.asn1.pkcs.PrivateKeyInfo;
import org.bouncycastle.openssl.PEMException;
import org.bouncycastle.openssl.PEMKeyPair;
import org.bouncycastle.openssl.PEMParser;
import org.bouncycastle.openssl.jcajce.JcaPEMKeyConverter;
import org.bouncycastle.pkcs.PKCS10CertificationRequest;

/** PEM text to keys, certificates and certification requests, and back. */
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
                return anyPrivateKey(pem);
            }
        }
        return anyPrivateKey(pem);
    }

    private static PrivateKey anyPrivateKey(String pem) throws GeneralSecurityException {
        try (PEMParser parser = new PEMParser(new StringReader(pem))) {
            for (Object item = parser.readObject(); item != null; item = parser.readObject()) {
                if (item instanceof PEMKeyPair pair) {
                    return new JcaPEMKeyConverter().getPrivateKey(pair.getPrivateKeyInfo());
                }
                if (item instanceof PrivateKeyInfo info) {
                    return new JcaPEMKeyConverter().getPrivateKey(info);
                }
            }
        } catch (PEMException e) {
            throw new GeneralSecurityException("unreadable private key", e);
        } catch (IOException e) {
            throw new GeneralSecurityException("unreadable private key", e);
        }
        throw new GeneralSecurityException("no private key in the PEM text");
    }

    static PKCS10CertificationRequest request(String pem) throws GeneralSecurityException {
        try (PEMParser parser = new PEMParser(new StringReader(pem))) {
            if (parser.readObject() instanceof PKCS10CertificationRequest request) {
                return request;
            }
        } catch (IOException | RuntimeException e) {
            throw new GeneralSecurityException("unreadable certification request", e);
        }
        throw new GeneralSecurityException("no certification request in the PEM text");
    }
}
