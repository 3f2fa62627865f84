// SPDX-License-Identifier: MIT
package io.goinfer.certs;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.cert.CertificateParsingException;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import org.bouncycastle.asn1.x509.GeneralName;

/** The relay's own CA, made on the first start: {@code ca.pem} (key and certificate, 0600), {@code ca.crt} for clients, {@code relay.pem}. */
public final class CertificateAuthority {
    /** In every relay certificate; nodes verify it when they dial an address that is not. */
    public static final String INTERNAL_NAME = "relay.goinfer.internal";

    private static final Pattern ADDRESS = Pattern.compile("[0-9.]+|[0-9a-fA-F:]+:[0-9a-fA-F:.]*");

    private final Path folder;
    private final InstantSource clock;
    private final PrivateKey key;
    private final X509Certificate certificate;

    private CertificateAuthority(Path folder, InstantSource clock, PrivateKey key, X509Certificate certificate) {
        this.folder = folder;
        this.clock = clock;
        this.key = key;
        this.certificate = certificate;
    }

    /** Loads the CA of this folder or makes one. An unreadable CA is an error: a new one would lock out every node. */
    public static CertificateAuthority open(Path folder, InstantSource clock)
            throws IOException, GeneralSecurityException {
        Path file = StateFile.folder(folder).resolve("ca.pem");
        if (!Files.exists(file)) {
            KeyPair pair = CertificateProfile.newKey();
            X509Certificate ca = CertificateProfile.ca(pair, clock.instant());
            StateFile.write(file, PemFiles.write(pair.getPrivate()) + PemFiles.write(List.of(ca)));
        }
        String pem = Files.readString(file);
        X509Certificate ca = PemFiles.certificates(pem.substring(Math.max(0, pem.indexOf("-----BEGIN CERT"))))
                .get(0);
        Path open = folder.resolve("ca.crt");
        if (!Files.exists(open)) {
            StateFile.write(open, PemFiles.write(List.of(ca)));
        }
        return new CertificateAuthority(folder, clock, PemFiles.privateKey(pem), ca);
    }

    public X509Certificate certificate() {
        return certificate;
    }

    /** What join tokens pin. */
    public byte[] spkiSha256() {
        return Keys.sha256(certificate.getPublicKey().getEncoded());
    }

    /** The relay's key and certificate for these names and addresses; a new one when names are missing or it is due. */
    public Identity relayIdentity(Collection<String> hosts) throws IOException, GeneralSecurityException {
        Set<String> names = new TreeSet<>(hosts);
        names.addAll(List.of(INTERNAL_NAME, "localhost", "127.0.0.1", "0:0:0:0:0:0:0:1"));
        Path file = folder.resolve("relay.pem");
        if (Files.exists(file)) {
            String pem = Files.readString(file);
            List<X509Certificate> chain = PemFiles.certificates(pem.substring(pem.indexOf("-----BEGIN CERT")));
            Identity identity = new Identity(PemFiles.privateKey(pem), chain, certificate);
            if (names(chain.get(0)).containsAll(names) && !identity.dueForRenewal(clock.instant())) {
                return identity;
            }
        }
        KeyPair pair = CertificateProfile.newKey();
        List<GeneralName> general = new ArrayList<>();
        for (String name : names) {
            boolean address = ADDRESS.matcher(name).matches();
            general.add(new GeneralName(address ? GeneralName.iPAddress : GeneralName.dNSName, name));
        }
        X509Certificate leaf = CertificateProfile.relay(pair.getPublic(), certificate, key, general, clock.instant());
        Identity identity = new Identity(pair.getPrivate(), List.of(leaf, certificate), certificate);
        StateFile.write(file, PemFiles.write(identity.key()) + PemFiles.write(identity.chain()));
        return identity;
    }

    X509Certificate issueNode(PublicKey publicKey, String urn) throws GeneralSecurityException {
        return CertificateProfile.node(publicKey, certificate, key, urn, clock.instant());
    }

    Instant now() {
        return clock.instant();
    }

    /** DNS names, addresses and URIs of a certificate. */
    static Set<String> names(X509Certificate certificate) throws CertificateParsingException {
        Set<String> names = new TreeSet<>();
        Collection<List<?>> all = certificate.getSubjectAlternativeNames();
        if (all != null) {
            all.forEach(entry -> names.add(String.valueOf(entry.get(1))));
        }
        return names;
    }
}
