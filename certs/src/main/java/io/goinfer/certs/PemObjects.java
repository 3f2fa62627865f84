// SPDX-License-Identifier: MIT
package io.goinfer.certs;

import java.io.IOException;
import java.io.StringReader;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.PrivateKey;
import org.bouncycastle.asn1.pkcs.PrivateKeyInfo;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.openssl.PEMKeyPair;
import org.bouncycastle.openssl.PEMParser;
import org.bouncycastle.openssl.jcajce.JcaPEMKeyConverter;
import org.bouncycastle.operator.OperatorCreationException;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;
import org.bouncycastle.pkcs.PKCS10CertificationRequest;
import org.bouncycastle.pkcs.jcajce.JcaPKCS10CertificationRequestBuilder;

/**
 * What BouncyCastle reads and writes: certification requests, and keys in forms that the JDK does not know. Apart from {@link PemFiles} because the first class
 * of its signed jars costs a tenth of a second, which a node that is enrolled need not wait for.
 */
final class PemObjects {
    private PemObjects() {}

    /** A PKCS #10 request in PEM. */
    static String request(KeyPair pair) throws IOException, GeneralSecurityException {
        try {
            return PemFiles.write(
                    "CERTIFICATE REQUEST",
                    new JcaPKCS10CertificationRequestBuilder(new X500Name("CN=goinfer node"), pair.getPublic())
                            .build(new JcaContentSignerBuilder("SHA256withECDSA").build(pair.getPrivate()))
                            .getEncoded());
        } catch (OperatorCreationException e) {
            throw new GeneralSecurityException("certification request could not be made", e);
        }
    }

    static PrivateKey privateKey(String pem) throws GeneralSecurityException {
        try (PEMParser parser = new PEMParser(new StringReader(pem))) {
            for (Object item = parser.readObject(); item != null; item = parser.readObject()) {
                if (item instanceof PEMKeyPair pair) {
                    return new JcaPEMKeyConverter().getPrivateKey(pair.getPrivateKeyInfo());
                }
                if (item instanceof PrivateKeyInfo info) {
                    return new JcaPEMKeyConverter().getPrivateKey(info);
                }
            }
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
