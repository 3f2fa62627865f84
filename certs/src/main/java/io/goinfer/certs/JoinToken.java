// SPDX-License-Identifier: MIT
package io.goinfer.certs;

import java.nio.ByteBuffer;
import java.security.SecureRandom;
import java.time.Instant;
import java.util.Base64;
import java.util.HexFormat;

/**
 * What a person carries from the relay to a node, once: PROTOCOL.md §10. {@code trust} says how the node verifies the relay; it never falls back.
 */
public record JoinToken(Trust trust, byte[] caSpkiSha256, String id, byte[] secret, Instant expires) {
    private static final String PREFIX = "gij1.";
    private static final int VERSION = 1;
    private static final int BYTES = 1 + 1 + 32 + 8 + 32 + 8;

    /** How the node verifies the relay's certificate. */
    public enum Trust {
        /** The chain ends in the CA of this token. */
        PIN,
        /** System roots and the host name. */
        PUBLIC
    }

    static JoinToken create(Trust trust, byte[] caSpkiSha256, Instant expires) {
        SecureRandom random = new SecureRandom();
        byte[] id = new byte[8];
        byte[] secret = new byte[32];
        random.nextBytes(id);
        random.nextBytes(secret);
        return new JoinToken(trust, caSpkiSha256, HexFormat.of().formatHex(id), secret, expires);
    }

    /** @throws IllegalArgumentException with a text for a person; it never repeats the token */
    public static JoinToken parse(String text) {
        String line = text.strip();
        if (!line.startsWith(PREFIX)) {
            throw new IllegalArgumentException("not a join token (expected: one line that starts with " + PREFIX + ")");
        }
        byte[] bytes;
        try {
            bytes = Base64.getUrlDecoder().decode(line.substring(PREFIX.length()));
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException("the join token is damaged: not base64url");
        }
        if (bytes.length != BYTES || bytes[0] != VERSION || bytes[1] < 0 || bytes[1] > 1) {
            throw new IllegalArgumentException("the join token is damaged or of another version");
        }
        ByteBuffer in = ByteBuffer.wrap(bytes, 2, BYTES - 2);
        byte[] spki = new byte[32];
        byte[] id = new byte[8];
        byte[] secret = new byte[32];
        in.get(spki).get(id).get(secret);
        Trust trust = bytes[1] == 0 ? Trust.PIN : Trust.PUBLIC;
        return new JoinToken(trust, spki, HexFormat.of().formatHex(id), secret, Instant.ofEpochSecond(in.getLong()));
    }

    /** The one line that {@link #parse} reads. */
    public String text() {
        ByteBuffer out = ByteBuffer.allocate(BYTES);
        out.put((byte) VERSION).put((byte) (trust == Trust.PIN ? 0 : 1)).put(caSpkiSha256);
        out.put(HexFormat.of().parseHex(id)).put(secret).putLong(expires.getEpochSecond());
        return PREFIX + Base64.getUrlEncoder().withoutPadding().encodeToString(out.array());
    }

    /** What enrolment sends: the relay keeps only a hash of the secret. */
    public String credential() {
        return id + "." + HexFormat.of().formatHex(secret);
    }

    @Override
    public String toString() {
        return "JoinToken[" + id + ", until " + expires + "]";
    }
}
