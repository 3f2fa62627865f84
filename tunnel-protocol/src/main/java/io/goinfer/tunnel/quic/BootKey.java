// SPDX-License-Identifier: MIT
package io.goinfer.tunnel.quic;

import io.goinfer.tunnel.frame.Id;
import java.security.GeneralSecurityException;
import java.security.SecureRandom;
import java.util.Arrays;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/**
 * The relay's key for boot tokens, kept across restarts by its owner, and the boot id of this process. One for all listeners of a process: another with the same
 * key would answer for their connections as for those of a process that is gone.
 */
public final class BootKey {
    public static final int BYTES = 32;
    private final SecretKeySpec key;
    private final long bootId = new SecureRandom().nextLong();

    public BootKey(byte[] key) {
        if (key.length != BYTES) {
            throw new IllegalArgumentException("boot key: " + key.length + " bytes (expected: 32)");
        }
        this.key = new SecretKeySpec(key, "HmacSHA256");
    }

    /** Stands in every connection id of this process. */
    long bootId() {
        return bootId;
    }

    /** The first 16 bytes of HMAC-SHA-256(key, connection id). */
    Id token(byte[] connectionId) {
        return Id.of(Arrays.copyOf(mac(connectionId), Id.BYTES));
    }

    byte[] mac(byte[] input) {
        try {
            Mac mac = Mac.getInstance("HmacSHA256");
            mac.init(key);
            return mac.doFinal(input);
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("HmacSHA256 is part of every JDK", e);
        }
    }
}
