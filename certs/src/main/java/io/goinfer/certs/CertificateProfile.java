// SPDX-License-Identifier: MIT
package io.goinfer.certs;

import java.math.BigInteger;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.SecureRandom;
import java.security.cert.X509Certificate;
import java.security.spec.ECGenParameterSpec;
import java.time.Duration;
import java.time.Instant;
import java.util.Date;
import java.util.List;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x509.BasicConstraints;
import org.bouncycastle.asn1.x509.ExtendedKeyUsage;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.GeneralNames;
import org.bouncycastle.asn1.x509.KeyPurposeId;
import org.bouncycastle.asn1.x509.KeyUsage;
import org.bouncycastle.cert.CertIOException;
import org.bouncycastle.cert.jcajce.JcaX509CertificateConverter;
import org.bouncycastle.cert.jcajce.JcaX509ExtensionUtils;
import org.bouncycastle.cert.jcajce.JcaX509v3CertificateBuilder;
import org.bouncycastle.operator.OperatorCreationException;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;

/**
 * What a CA, relay and node certificate may do, and for how long. Keys are ECDSA P-256, signatures SHA-256 (docs/decisions/004): a node's certificate
 * can never pose as a relay's, because the extended key usages differ.
 */
final class CertificateProfile {
    static final Duration CA_LIFETIME = Duration.ofDays(3650);
    static final Duration RELAY_LIFETIME = Duration.ofDays(398);
    static final Duration NODE_LIFETIME = Duration.ofDays(90);

    /** Clocks differ: a certificate is valid a little before it was made. */
    private static final Duration CLOCK_SKEW = Duration.ofMinutes(10);

    private static final SecureRandom RANDOM = new SecureRandom();

    private CertificateProfile() {}

    static KeyPair newKey() throws GeneralSecurityException {
        KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
        generator.initialize(new ECGenParameterSpec("secp256r1"), RANDOM);
        return generator.generateKeyPair();
    }

    static X509Certificate ca(KeyPair key, Instant now) throws GeneralSecurityException {
        X500Name name = new X500Name("CN=goinfer relay CA");
        return build(name, name, key.getPublic(), key.getPrivate(), now, CA_LIFETIME, builder -> {
            builder.addExtension(Extension.basicConstraints, true, new BasicConstraints(0));
            builder.addExtension(Extension.keyUsage, true, new KeyUsage(KeyUsage.keyCertSign | KeyUsage.cRLSign));
        });
    }

    static X509Certificate relay(
            PublicKey key, X509Certificate ca, PrivateKey caKey, List<GeneralName> names, Instant now)
            throws GeneralSecurityException {
        return leaf("CN=goinfer relay", key, ca, caKey, names, KeyPurposeId.id_kp_serverAuth, now, RELAY_LIFETIME);
    }

    static X509Certificate node(PublicKey key, X509Certificate ca, PrivateKey caKey, String urn, Instant now)
            throws GeneralSecurityException {
        GeneralName name = new GeneralName(GeneralName.uniformResourceIdentifier, urn);
        return leaf(
                "CN=goinfer node", key, ca, caKey, List.of(name), KeyPurposeId.id_kp_clientAuth, now, NODE_LIFETIME);
    }

    private static X509Certificate leaf(
            String subject,
            PublicKey key,
            X509Certificate ca,
            PrivateKey caKey,
            List<GeneralName> names,
            KeyPurposeId purpose,
            Instant now,
            Duration lifetime)
            throws GeneralSecurityException {
        X500Name issuer = X500Name.getInstance(ca.getSubjectX500Principal().getEncoded());
        return build(issuer, new X500Name(subject), key, caKey, now, lifetime, builder -> {
            builder.addExtension(Extension.basicConstraints, true, new BasicConstraints(false));
            builder.addExtension(Extension.keyUsage, true, new KeyUsage(KeyUsage.digitalSignature));
            builder.addExtension(Extension.extendedKeyUsage, false, new ExtendedKeyUsage(purpose));
            builder.addExtension(
                    Extension.subjectAlternativeName, false, new GeneralNames(names.toArray(GeneralName[]::new)));
            builder.addExtension(
                    Extension.authorityKeyIdentifier,
                    false,
                    new JcaX509ExtensionUtils().createAuthorityKeyIdentifier(ca.getPublicKey()));
        });
    }

    private interface Extensions {
        void add(JcaX509v3CertificateBuilder builder) throws CertIOException, GeneralSecurityException;
    }

    private static X509Certificate build(
            X500Name issuer,
            X500Name subject,
            PublicKey key,
            PrivateKey signer,
            Instant now,
            Duration lifetime,
            Extensions extensions)
            throws GeneralSecurityException {
        BigInteger serial = new BigInteger(127, RANDOM).setBit(126);
        try {
            JcaX509v3CertificateBuilder builder = new JcaX509v3CertificateBuilder(
                    issuer, serial, Date.from(now.minus(CLOCK_SKEW)), Date.from(now.plus(lifetime)), subject, key);
            builder.addExtension(
                    Extension.subjectKeyIdentifier, false, new JcaX509ExtensionUtils().createSubjectKeyIdentifier(key));
            extensions.add(builder);
            return new JcaX509CertificateConverter()
                    .getCertificate(builder.build(new JcaContentSignerBuilder("SHA256withECDSA").build(signer)));
        } catch (CertIOException | OperatorCreationException e) {
            throw new GeneralSecurityException("certificate could not be made", e);
        }
    }
}
