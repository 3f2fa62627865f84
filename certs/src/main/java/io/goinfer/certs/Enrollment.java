// SPDX-License-Identifier: MIT
package io.goinfer.certs;

import io.goinfer.certs.JoinToken.Trust;
import java.io.IOException;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.security.PublicKey;
import java.security.SecureRandom;
import java.security.cert.CertificateException;
import java.security.cert.CertificateParsingException;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.bouncycastle.operator.OperatorCreationException;
import org.bouncycastle.operator.jcajce.JcaContentVerifierProviderBuilder;
import org.bouncycastle.pkcs.PKCS10CertificationRequest;
import org.bouncycastle.pkcs.PKCSException;

/**
 * Join tokens in, node certificates out (PROTOCOL.md §10), and who of them is still welcome. State: {@code tokens.json}, {@code nodes.json}. Changes are
 * durable before they are answered. Thread-safe; {@link #verify} does no input or output.
 */
public final class Enrollment {
    private static final Duration RENEWAL_AFTER_EXPIRY = Duration.ofDays(180);
    private static final String CLIENT_AUTH = "1.3.6.1.5.5.7.3.2";

    /** An answer with the HTTP status that it is sent with. */
    public record Answer(int status, String message, String certificatePem, String name) {
        static Answer refused(int status, String message) {
            return new Answer(status, message, "", "");
        }
    }

    /** What a certificate is worth now. */
    public enum Standing {
        GOOD,
        EXPIRED,
        REVOKED,
        UNKNOWN_CA
    }

    /** A node as lists show it. */
    public record Node(String id, String name, Instant enrolled, boolean revoked) {}

    private final CertificateAuthority ca;
    private final SignedBy ours;
    private final Map<String, Map<String, String>> guests = new ConcurrentHashMap<>();
    private final NodeNames names = new NodeNames();
    private final Records tokens;
    private final Records nodes;
    private final Path folder;
    private volatile Set<String> revoked = Set.of();
    private volatile boolean shared;

    public Enrollment(CertificateAuthority ca, Path folder) throws IOException {
        this.ca = ca;
        this.ours = new SignedBy(ca.certificate().getPublicKey());
        this.folder = folder;
        this.shared = SharedAuthority.isShared(folder);
        this.tokens = new Records(folder.resolve("tokens.json"));
        this.nodes = new Records(folder.resolve("nodes.json"));
        readRevoked();
    }

    // ---- tokens

    public JoinToken createToken(Duration lifetime, Trust trust) throws IOException {
        JoinToken token = JoinToken.create(trust, ca.spkiSha256(), ca.now().plus(lifetime));
        Map<String, String> row = new LinkedHashMap<>();
        row.put("id", token.id());
        row.put("secret_sha256", hash(token.credential()));
        row.put("trust", trust.name().toLowerCase(Locale.ROOT));
        row.put("expires", token.expires().toString());
        tokens.put(row);
        return token;
    }

    /** Rows with id, trust, expires and, once used, the node. No secrets in them, not even hashed. */
    public List<Map<String, String>> tokens() {
        return tokens.all().stream()
                .map(row -> {
                    Map<String, String> shown = new LinkedHashMap<>(row);
                    shown.keySet().retainAll(Set.of("id", "trust", "expires", "node"));
                    return shown;
                })
                .toList();
    }

    public boolean revokeToken(String id) throws IOException {
        return tokens.remove(id);
    }

    // ---- enrolment

    public synchronized Answer enroll(String credential, String csrPem, String wishedName) throws IOException {
        Optional<Map<String, String>> found = token(credential);
        if (found.isEmpty()) {
            return Answer.refused(401, "unknown join token; make one with: goinfer token create");
        }
        Map<String, String> token = found.get();
        PublicKey key;
        try {
            key = keyOf(csrPem);
        } catch (GeneralSecurityException e) {
            return Answer.refused(400, String.valueOf(e.getMessage()));
        }
        String keyHash = HexFormat.of().formatHex(Keys.sha256(key.getEncoded()));
        boolean expired = ca.now().isAfter(Instant.parse(token.getOrDefault("expires", Instant.EPOCH.toString())));
        if (token.containsKey("node")) {
            if (expired) {
                return Answer.refused(410, "this join token was used and has expired");
            }
            return token.getOrDefault("key_sha256", "").equals(keyHash)
                    ? again(token)
                    : Answer.refused(409, "this join token was used by another node");
        }
        if (expired) {
            return Answer.refused(410, "this join token has expired; make one with: goinfer token create");
        }
        return issue(token, key, keyHash, wishedName);
    }

    private Answer issue(Map<String, String> token, PublicKey key, String keyHash, String wishedName)
            throws IOException {
        if (!NodeRow.isName(wishedName)) {
            return Answer.refused(
                    400,
                    "node name: letters, digits, '.', '_', '-', at most 63 (got: " + wishedName.length()
                            + " characters)");
        }
        byte[] random = new byte[16];
        new SecureRandom().nextBytes(random);
        String urn = "urn:goinfer:node:" + HexFormat.of().formatHex(random);
        String pem;
        try {
            pem = PemFiles.write(List.of(ca.issueNode(key, urn)));
        } catch (GeneralSecurityException e) {
            throw new IOException("certificate could not be made", e);
        }
        String name = names.promise(wishedName, this::isTaken);
        try {
            store(token, urn, name, keyHash, pem);
        } finally {
            names.kept(name);
        }
        return new Answer(200, "", pem, name);
    }

    private void store(Map<String, String> token, String urn, String name, String keyHash, String pem)
            throws IOException {
        // One record precedes the answer: token, key and certificate together. The node's row can be made again from
        // it.
        Map<String, String> used = new LinkedHashMap<>(token);
        used.put("node", urn);
        used.put("name", name);
        used.put("key_sha256", keyHash);
        used.put("certificate", pem);
        tokens.put(used);
        nodes.put(NodeRow.of(urn, name, ca.now()));
    }

    private Answer again(Map<String, String> token) throws IOException {
        String urn = token.getOrDefault("node", "");
        if (node(urn).isEmpty()) {
            nodes.put(NodeRow.of(urn, token.getOrDefault("name", "node"), ca.now()));
        }
        return new Answer(200, "", token.getOrDefault("certificate", ""), token.getOrDefault("name", ""));
    }

    /** For a node whose connection proved {@code certificate}. */
    public synchronized Answer renew(X509Certificate certificate, String csrPem) throws IOException {
        Standing standing = standing(List.of(certificate), ca.now());
        boolean within =
                certificate.getNotAfter().toInstant().plus(RENEWAL_AFTER_EXPIRY).isAfter(ca.now());
        if (standing != Standing.GOOD && !(standing == Standing.EXPIRED && within)) {
            return Answer.refused(403, "this certificate cannot be renewed: " + standing);
        }
        String urn = urnOf(certificate);
        Optional<Map<String, String>> node = node(urn);
        if (node.isEmpty()) {
            return Answer.refused(403, "this node is not known here");
        }
        try {
            String pem = PemFiles.write(List.of(ca.issueNode(keyOf(csrPem), urn)));
            return new Answer(200, "", pem, node.get().getOrDefault("name", ""));
        } catch (GeneralSecurityException e) {
            return Answer.refused(400, String.valueOf(e.getMessage()));
        }
    }

    // ---- nodes

    public List<Node> nodes() {
        return rows().stream()
                .map(row -> new Node(
                        row.getOrDefault("id", ""),
                        row.getOrDefault("name", ""),
                        Instant.parse(row.getOrDefault("enrolled", Instant.EPOCH.toString())),
                        row.containsKey("revoked")))
                .toList();
    }

    /** By name or id. */
    public Optional<Node> find(String nameOrId) {
        return nodes().stream()
                .filter(node -> node.id().equals(nameOrId) || node.name().equals(nameOrId))
                .findFirst();
    }

    /** Its certificates are worth nothing from now on. */
    public synchronized void revoke(Node node) throws IOException {
        Map<String, String> row = new LinkedHashMap<>(node(node.id()).orElseThrow());
        row.put("revoked", ca.now().toString());
        nodes.put(row);
        readRevoked();
    }

    /** False if the name is taken or not a name. */
    public synchronized boolean rename(Node node, String name) throws IOException {
        if (!NodeRow.isName(name) || !names.promiseExactly(name, this::isTaken)) {
            return false;
        }
        try {
            Map<String, String> row = new LinkedHashMap<>(node(node.id()).orElseThrow());
            row.put("name", name);
            nodes.put(row);
            return true;
        } finally {
            names.kept(name);
        }
    }

    /**
     * A node with a good certificate that this relay has not enrolled. Where the CA is shared another relay has, and it is welcome until this process ends;
     * else empty. Waits for no input or output, not even for another thread's.
     *
     * @param wishedName used where it is free
     */
    public Optional<Node> adopt(String urn, String wishedName) {
        if (shared && node(urn).isEmpty()) {
            String name = names.promise(NodeRow.isName(wishedName) ? wishedName : "node", this::isTaken);
            guests.putIfAbsent(urn, NodeRow.of(urn, name, ca.now()));
            names.kept(name);
        }
        return find(urn);
    }

    /** Other relays enrol nodes that are welcome here. */
    public boolean isShared() {
        return shared;
    }

    /** From now on, also after a restart, nodes that other relays enrol are welcome here. */
    public synchronized void share() throws IOException {
        SharedAuthority.share(folder);
        shared = true;
    }

    /** Whether this CA's certificate is {@code pem}. */
    public boolean isAuthority(String pem) {
        try {
            return PemFiles.certificates(pem).equals(List.of(ca.certificate()));
        } catch (CertificateException e) {
            return false;
        }
    }

    /**
     * Nodes that another relay of this CA knows. What was revoked at either stays so; names are the other's where they are free.
     *
     * @return the ids of nodes that are revoked since this call
     * @throws IOException if a row is no node's; then nothing was changed
     */
    public synchronized List<String> merge(List<Map<String, String>> others) throws IOException {
        Map<String, Map<String, String>> next = new LinkedHashMap<>();
        for (Map<String, String> other : others) {
            Map<String, String> row = NodeRow.checked(other);
            node(row.getOrDefault("id", "")).map(own -> own.get("revoked")).ifPresent(at -> row.put("revoked", at));
            next.put(row.getOrDefault("id", ""), row);
        }
        List<String> given = new ArrayList<>();
        for (Map<String, String> row : next.values()) {
            String name = names.promise(
                    row.getOrDefault("name", ""),
                    wished -> rows().stream()
                            .anyMatch(kept -> wished.equals(kept.get("name")) && !next.containsKey(kept.get("id"))));
            row.put("name", name);
            given.add(name);
        }
        Set<String> before = revoked;
        try {
            nodes.putAll(List.copyOf(next.values()));
        } finally {
            names.kept(given);
        }
        readRevoked();
        return revoked.stream().filter(id -> !before.contains(id)).toList();
    }

    private List<Map<String, String>> rows() {
        List<Map<String, String>> rows = new ArrayList<>(nodes.all());
        guests.values().stream()
                .filter(guest -> rows.stream().noneMatch(row -> Objects.equals(row.get("id"), guest.get("id"))))
                .toList()
                .forEach(rows::add);
        return rows;
    }

    // ---- standing

    /** What a verified peer certificate is worth: chain, purpose, dates, revocation. Empty chain: UNKNOWN_CA. Cheap; any thread. */
    public Standing verify(List<X509Certificate> chain) {
        return standing(chain, ca.now());
    }

    /** The cheap part, for each exchange: still valid and not revoked. */
    public boolean stillGood(X509Certificate certificate) {
        return !revoked.contains(urnOf(certificate))
                && !ca.now().isAfter(certificate.getNotAfter().toInstant());
    }

    private Standing standing(List<X509Certificate> chain, Instant now) {
        if (chain.isEmpty()) {
            return Standing.UNKNOWN_CA;
        }
        X509Certificate leaf = chain.get(0);
        try {
            ours.check(leaf);
            List<String> purposes = leaf.getExtendedKeyUsage();
            if (leaf.getBasicConstraints() >= 0
                    || purposes == null
                    || !purposes.equals(List.of(CLIENT_AUTH))
                    || urnOf(leaf).isEmpty()) {
                return Standing.UNKNOWN_CA;
            }
        } catch (GeneralSecurityException e) {
            return Standing.UNKNOWN_CA;
        }
        if (revoked.contains(urnOf(leaf))) {
            return Standing.REVOKED;
        }
        boolean valid = !now.isAfter(leaf.getNotAfter().toInstant())
                && !now.isBefore(leaf.getNotBefore().toInstant());
        return valid ? Standing.GOOD : Standing.EXPIRED;
    }

    /** The node's identity, or "" if the certificate is not a node's. */
    public static String urnOf(X509Certificate certificate) {
        try {
            return CertificateAuthority.names(certificate).stream()
                    .filter(name -> name.startsWith("urn:goinfer:node:"))
                    .findFirst()
                    .orElse("");
        } catch (CertificateParsingException e) {
            return "";
        }
    }

    private void readRevoked() {
        Set<String> all = ConcurrentHashMap.newKeySet();
        rows().stream().filter(row -> row.containsKey("revoked")).forEach(row -> all.add(row.getOrDefault("id", "")));
        revoked = Set.copyOf(all);
    }

    private Optional<Map<String, String>> token(String credential) {
        byte[] presented = hash(credential).getBytes(java.nio.charset.StandardCharsets.US_ASCII);
        Optional<Map<String, String>> match = Optional.empty();
        for (Map<String, String> row : tokens.all()) {
            byte[] kept = row.getOrDefault("secret_sha256", "").getBytes(java.nio.charset.StandardCharsets.US_ASCII);
            if (MessageDigest.isEqual(kept, presented)) {
                match = Optional.of(row);
            }
        }
        return match;
    }

    private Optional<Map<String, String>> node(String urn) {
        return rows().stream().filter(row -> urn.equals(row.get("id"))).findFirst();
    }

    private boolean isTaken(String name) {
        return find(name).isPresent();
    }

    private static String hash(String credential) {
        return HexFormat.of().formatHex(Keys.sha256(credential.getBytes(java.nio.charset.StandardCharsets.US_ASCII)));
    }

    /** Only the key is taken from the request, after it has proved possession. */
    private static PublicKey keyOf(String csrPem) throws GeneralSecurityException {
        PKCS10CertificationRequest request = PemObjects.request(csrPem);
        try {
            PublicKey key = Keys.requireP256(request.getSubjectPublicKeyInfo().getEncoded());
            if (!request.isSignatureValid(new JcaContentVerifierProviderBuilder().build(key))) {
                throw new GeneralSecurityException("the request's signature is wrong");
            }
            return key;
        } catch (IOException | OperatorCreationException | PKCSException e) {
            throw new GeneralSecurityException("unreadable certification request", e);
        }
    }
}
