// SPDX-License-Identifier: MIT
package io.goinfer.certs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.KeyPairGenerator;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import javax.net.ssl.X509ExtendedTrustManager;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;
import org.bouncycastle.pkcs.jcajce.JcaPKCS10CertificationRequestBuilder;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class EnrollmentTest {
    @TempDir
    Path folder;

    private Instant now = Instant.now();
    private CertificateAuthority ca;
    private Enrollment enrollment;
    private Path nodeFolder;

    @BeforeEach
    void open() throws Exception {
        ca = CertificateAuthority.open(folder.resolve("relay"), () -> now);
        enrollment = new Enrollment(ca, folder.resolve("relay"));
        nodeFolder = StateFile.folder(folder.resolve("node"));
    }

    private JoinToken token() throws Exception {
        return JoinToken.parse(
                enrollment.createToken(Duration.ofHours(1), JoinToken.Trust.PIN).text());
    }

    private Identity enroll(JoinToken token, Path where) throws Exception {
        Identity.Pending pending = Identity.pending(where);
        Enrollment.Answer answer = enrollment.enroll(token.credential(), pending.csrPem(), "gpu");
        assertThat(answer.status()).as(answer.message()).isEqualTo(200);
        return Identity.store(where, pending, answer.certificatePem(), PemFiles.write(List.of(ca.certificate())));
    }

    @Test
    void aTokenEnrolsOneNode() throws Exception {
        Identity identity = enroll(token(), nodeFolder);

        assertThat(enrollment.verify(identity.chain())).isEqualTo(Enrollment.Standing.GOOD);
        assertThat(enrollment.nodes()).extracting(Enrollment.Node::name).containsExactly("gpu");
        assertThat(identity.certificate().getExtendedKeyUsage()).containsExactly("1.3.6.1.5.5.7.3.2");
        assertThat(Identity.load(nodeFolder)).isPresent();
    }

    @Test
    void nodesOfAnotherRelayJoinWithNamesOfTheirOwnAndWhatEitherRevokedStaysRevoked() throws Exception {
        String other = "urn:goinfer:node:" + "a".repeat(32);
        String third = "urn:goinfer:node:" + "b".repeat(32);
        Identity identity = enroll(token(), nodeFolder);
        String own = Enrollment.urnOf(identity.certificate());

        assertThat(enrollment.merge(List.of(
                        NodeRow.of(own, "attic", now), NodeRow.of(other, "gpu", now), NodeRow.of(third, "gpu", now))))
                .isEmpty();
        assertThat(enrollment.nodes())
                .extracting(Enrollment.Node::name)
                .as("renamed there, so its name is free; two of one name are told apart")
                .containsExactly("attic", "gpu", "gpu-2");

        enrollment.revoke(enrollment.find("attic").orElseThrow());
        Map<String, String> revoked = NodeRow.of(other, "gpu", now);
        revoked.put("revoked", now.toString());
        assertThat(enrollment.merge(List.of(NodeRow.of(own, "attic", now), revoked)))
                .containsExactly(other);
        assertThat(enrollment.verify(identity.chain())).isEqualTo(Enrollment.Standing.REVOKED);

        Enrollment again = new Enrollment(ca, folder.resolve("relay"));
        assertThat(again.nodes().stream().filter(Enrollment.Node::revoked))
                .extracting(Enrollment.Node::id)
                .containsExactlyInAnyOrder(own, other);
    }

    /** Other threads hold these monitors while the disk works; who asks on an event loop must not wait for them. */
    @Test
    void guestsAndReadersWaitForNoDisk() throws Exception {
        enrollment.share();
        String guest = "urn:goinfer:node:" + "c".repeat(32);
        Records records = new Records(folder.resolve("relay/other.json"));

        synchronized (enrollment) {
            synchronized (records) {
                var asked = CompletableFuture.supplyAsync(() -> {
                    records.all();
                    enrollment.nodes();
                    return enrollment.adopt(guest, "gpu").orElseThrow().name();
                });

                assertThat(asked.get(10, TimeUnit.SECONDS)).isEqualTo("gpu");
            }
        }
    }

    @Test
    void aNameThatIsBeingGivenAwayIsTaken() {
        NodeNames names = new NodeNames();

        assertThat(names.promise("gpu", "gpu"::equals)).isEqualTo("gpu-2");
        assertThat(names.promise("gpu", "gpu"::equals)).isEqualTo("gpu-3");
        assertThat(names.promiseExactly("gpu-3", name -> false)).isFalse();
        names.kept("gpu-3");
        assertThat(names.promiseExactly("gpu-3", name -> false)).isTrue();
    }

    @Test
    void aRowThatIsNoNodesIsNotRepeated() {
        assertThatThrownBy(() -> enrollment.merge(List.of(Map.of("id", "x\r\ny", "name", "a\nb"))))
                .hasMessageContaining("this is no node")
                .message()
                .doesNotContain("\n", "\r");
    }

    @Test
    void theSameKeyGetsTheSameCertificateAgainAndAnotherKeyDoesNot() throws Exception {
        JoinToken token = token();
        Identity.Pending pending = Identity.pending(nodeFolder);
        Enrollment.Answer first = enrollment.enroll(token.credential(), pending.csrPem(), "gpu");

        // The answer was lost; the node comes again with the key it kept.
        Enrollment.Answer again = enrollment.enroll(
                token.credential(), Identity.pending(nodeFolder).csrPem(), "gpu");
        Identity.Pending other = Identity.pending(StateFile.folder(folder.resolve("other")));

        assertThat(again.certificatePem()).isEqualTo(first.certificatePem());
        assertThat(enrollment.enroll(token.credential(), other.csrPem(), "gpu").status())
                .isEqualTo(409);
        assertThat(enrollment.nodes()).hasSize(1);
    }

    @Test
    void aWrongSecretAnExpiredTokenAndARevokedOneAreRefused() throws Exception {
        JoinToken token = token();
        String csr = Identity.pending(nodeFolder).csrPem();

        assertThat(enrollment
                        .enroll(token.id() + "." + "00".repeat(32), csr, "gpu")
                        .status())
                .isEqualTo(401);
        enrollment.revokeToken(token.id());
        assertThat(enrollment.enroll(token.credential(), csr, "gpu").status()).isEqualTo(401);
        JoinToken late = token();
        now = now.plusSeconds(3_601);
        assertThat(enrollment.enroll(late.credential(), csr, "gpu").status()).isEqualTo(410);
    }

    @Test
    void badRequestsAreRefusedBeforeTheTokenIsUsed() throws Exception {
        JoinToken token = token();
        KeyPairGenerator rsa = KeyPairGenerator.getInstance("RSA");
        var pair = rsa.generateKeyPair();
        String rsaCsr = PemFiles.write(
                "CERTIFICATE REQUEST",
                new JcaPKCS10CertificationRequestBuilder(new X500Name("CN=x"), pair.getPublic())
                        .build(new JcaContentSignerBuilder("SHA256withRSA").build(pair.getPrivate()))
                        .getEncoded());

        assertThat(enrollment.enroll(token.credential(), "nonsense", "gpu").status())
                .isEqualTo(400);
        assertThat(enrollment.enroll(token.credential(), rsaCsr, "gpu").status())
                .isEqualTo(400);
        assertThat(enrollment
                        .enroll(token.credential(), Identity.pending(nodeFolder).csrPem(), "a b")
                        .status())
                .isEqualTo(400);
        enroll(token, nodeFolder);
    }

    @Test
    void aSecondNodeOfTheSameNameGetsANumber() throws Exception {
        enroll(token(), nodeFolder);
        enroll(token(), StateFile.folder(folder.resolve("second")));

        assertThat(enrollment.nodes()).extracting(Enrollment.Node::name).containsExactly("gpu", "gpu-2");
    }

    @Test
    void revocationAndExpiryEndACertificatesWorthAndSurviveARestart() throws Exception {
        Identity identity = enroll(token(), nodeFolder);
        enrollment.revoke(enrollment.find("gpu").orElseThrow());

        Enrollment restarted = new Enrollment(ca, folder.resolve("relay"));

        assertThat(restarted.verify(identity.chain())).isEqualTo(Enrollment.Standing.REVOKED);
        assertThat(restarted.stillGood(identity.certificate())).isFalse();
        assertThat(restarted
                        .renew(
                                identity.certificate(),
                                Identity.pending(nodeFolder).csrPem())
                        .status())
                .isEqualTo(403);
    }

    @Test
    void renewalGivesANewKeyACertificateOfTheSameNodeEvenAfterExpiry() throws Exception {
        Identity identity = enroll(token(), nodeFolder);
        now = now.plus(Duration.ofDays(61));
        assertThat(identity.dueForRenewal(now)).isTrue();
        now = now.plus(Duration.ofDays(60));
        assertThat(enrollment.verify(identity.chain())).isEqualTo(Enrollment.Standing.EXPIRED);

        Identity.Pending pending = Identity.pending(nodeFolder);
        Enrollment.Answer answer = enrollment.renew(identity.certificate(), pending.csrPem());
        Identity renewed =
                Identity.store(nodeFolder, pending, answer.certificatePem(), PemFiles.write(List.of(ca.certificate())));

        assertThat(Enrollment.urnOf(renewed.certificate())).isEqualTo(Enrollment.urnOf(identity.certificate()));
        assertThat(renewed.certificate().getPublicKey())
                .isNotEqualTo(identity.certificate().getPublicKey());
        assertThat(enrollment.verify(renewed.chain())).isEqualTo(Enrollment.Standing.GOOD);
        now = now.plus(Duration.ofDays(300));
        assertThat(enrollment.renew(identity.certificate(), pending.csrPem()).status())
                .isEqualTo(403);
    }

    @Test
    void aCertificateOfAnotherCaIsUnknown() throws Exception {
        CertificateAuthority other = CertificateAuthority.open(folder.resolve("elsewhere"), () -> now);
        Enrollment elsewhere = new Enrollment(other, folder.resolve("elsewhere"));
        JoinToken token = elsewhere.createToken(Duration.ofHours(1), JoinToken.Trust.PIN);
        Identity.Pending pending = Identity.pending(nodeFolder);
        Enrollment.Answer answer = elsewhere.enroll(token.credential(), pending.csrPem(), "gpu");

        assertThat(enrollment.verify(PemFiles.certificates(answer.certificatePem())))
                .isEqualTo(Enrollment.Standing.UNKNOWN_CA);
    }

    /** The good one was seen before, and differs in its signature only. */
    @Test
    void aForgedSignatureIsUnknown() throws Exception {
        X509Certificate good = enroll(token(), nodeFolder).certificate();
        assertThat(enrollment.verify(List.of(good))).isEqualTo(Enrollment.Standing.GOOD);
        byte[] forged = good.getEncoded();
        forged[forged.length - 1] ^= 1;
        X509Certificate other = (X509Certificate)
                CertificateFactory.getInstance("X.509").generateCertificate(new ByteArrayInputStream(forged));
        assertThat(enrollment.verify(List.of(other))).isEqualTo(Enrollment.Standing.UNKNOWN_CA);
        assertThat(enrollment.verify(List.of(good))).isEqualTo(Enrollment.Standing.GOOD);
    }

    @Test
    void aRelaysCertificateIsNoNodes() throws Exception {
        assertThat(enrollment.verify(ca.relayIdentity(List.of()).chain())).isEqualTo(Enrollment.Standing.UNKNOWN_CA);
        assertThat(enrollment.verify(List.of(ca.certificate()))).isEqualTo(Enrollment.Standing.UNKNOWN_CA);
    }

    @Test
    void aNodeTrustsOnlyTheRelayOfItsCa() throws Exception {
        JoinToken token = token();
        X509ExtendedTrustManager trust = (X509ExtendedTrustManager) RelayTrust.pin(token);
        Identity relay = ca.relayIdentity(List.of("gpu.example.com", "192.0.2.7"));
        Identity node = enroll(token, nodeFolder);
        CertificateAuthority other = CertificateAuthority.open(folder.resolve("elsewhere"), () -> now);

        trust.checkServerTrusted(relay.chain().toArray(X509Certificate[]::new), "ECDHE_ECDSA");
        // A node's certificate presented as a relay's: same CA, wrong purpose.
        X509Certificate[] posing = {node.certificate(), ca.certificate()};
        assertThatThrownBy(() -> trust.checkServerTrusted(posing, "ECDHE_ECDSA"))
                .isInstanceOf(CertificateException.class);
        X509Certificate[] foreign = other.relayIdentity(List.of()).chain().toArray(X509Certificate[]::new);
        assertThatThrownBy(() -> trust.checkServerTrusted(foreign, "ECDHE_ECDSA"))
                .hasMessageContaining("not from the CA of the join token");
    }

    @Test
    void privateFilesAreForTheOwnerOnlyAndNoHalfWrittenOneIsLeft() throws Exception {
        enroll(token(), nodeFolder);

        try (Stream<Path> files = Files.walk(folder)) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
                        .as(file.toString())
                        .isEqualTo("rw-------");
                assertThat(file.toString()).doesNotEndWith(".new");
            }
        }
        assertThat(Files.readString(folder.resolve("relay/tokens.json"))).doesNotContain("gij1");
    }

    @Test
    void aDamagedCaIsAnErrorAndNotANewCa() throws Exception {
        Files.writeString(folder.resolve("relay/ca.pem"), "damaged");

        assertThatThrownBy(() -> CertificateAuthority.open(folder.resolve("relay"), () -> now))
                .isInstanceOf(Exception.class);
        assertThat(Files.readString(folder.resolve("relay/ca.pem"))).isEqualTo("damaged");
    }

    @Test
    void damagedTokensAreRefusedWithoutRepeatingThem() {
        for (String bad : List.of("", "gij1.", "gij1.!!!!", "gij1.AAAA", "other")) {
            assertThatThrownBy(() -> JoinToken.parse(bad))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("join token");
        }
    }

    @Test
    void theRelaysCertificateIsKeptUntilANameIsMissing() throws Exception {
        Identity first = ca.relayIdentity(List.of("a.example.com"));

        assertThat(ca.relayIdentity(List.of("a.example.com")).certificate()).isEqualTo(first.certificate());
        assertThat(ca.relayIdentity(List.of("a.example.com", "b.example.com")).certificate())
                .isNotEqualTo(first.certificate());
    }
}
