// SPDX-License-Identifier: MIT
package io.goinfer.certs;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/** A private key, its certificate chain, and the CA. Never prints the key. */
public record Identity(PrivateKey key, List<X509Certificate> chain, X509Certificate ca) {
    public Identity {
        chain = List.copyOf(chain);
    }

    /** A key for which a certificate is being asked. */
    public record Pending(KeyPair key, String csrPem) {}

    public X509Certificate certificate() {
        return chain.get(0);
    }

    /** True from two thirds of the certificate's life on. */
    public boolean dueForRenewal(Instant now) {
        Instant from = certificate().getNotBefore().toInstant();
        Instant until = certificate().getNotAfter().toInstant();
        return now.isAfter(
                from.plus(Duration.between(from, until).multipliedBy(2).dividedBy(3)));
    }

    /** A new key, or the one of an attempt that may have got through: the same key gets the same certificate. */
    public static Pending pending(Path folder) throws IOException, GeneralSecurityException {
        Path file = folder.resolve("pending.key");
        KeyPair pair = CertificateProfile.newKey();
        Optional<String> before = StateFile.read(file);
        if (before.isPresent()) {
            PrivateKey key = PemFiles.privateKey(before.get());
            pair = new KeyPair(Keys.publicOf(key), key);
        } else {
            StateFile.write(file, PemFiles.write(pair.getPrivate()));
        }
        return new Pending(pair, PemObjects.request(pair));
    }

    /** Keeps what enrolment or renewal gave; the pending key becomes the identity. */
    public static Identity store(Path folder, Pending pending, String certificatePem, String caPem)
            throws IOException, GeneralSecurityException {
        X509Certificate certificate = PemFiles.certificates(certificatePem).get(0);
        if (!certificate.getPublicKey().equals(pending.key().getPublic())) {
            throw new GeneralSecurityException("the relay's certificate is for another key");
        }
        Identity identity = new Identity(
                pending.key().getPrivate(),
                List.of(certificate),
                PemFiles.certificates(caPem).get(0));
        // One file, so that key and certificate always belong together.
        StateFile.write(folder.resolve("identity.pem"), PemFiles.write(identity.key()) + certificatePem + caPem);
        Files.deleteIfExists(folder.resolve("pending.key"));
        return identity;
    }

    public static Optional<Identity> load(Path folder) throws IOException, GeneralSecurityException {
        Optional<String> pem = StateFile.read(folder.resolve("identity.pem"));
        if (pem.isEmpty()) {
            return Optional.empty();
        }
        PrivateKey key = PemFiles.privateKey(pem.get());
        String certificates = pem.get().substring(pem.get().indexOf("-----BEGIN CERTIFICATE"));
        List<X509Certificate> all = PemFiles.certificates(certificates);
        return Optional.of(new Identity(key, all.subList(0, 1), all.get(all.size() - 1)));
    }

    @Override
    public String toString() {
        return "Identity[" + certificate().getSubjectX500Principal() + ", until "
                + certificate().getNotAfter().toInstant() + "]";
    }
}
