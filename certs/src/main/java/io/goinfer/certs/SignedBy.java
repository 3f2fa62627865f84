// SPDX-License-Identifier: MIT
package io.goinfer.certs;

import java.security.GeneralSecurityException;
import java.security.PublicKey;
import java.security.cert.X509Certificate;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Whether one key signed a certificate. The answer for a certificate that it signed is kept: when a relay is started again every node shows the same one, more
 * than once, and each check costs a millisecond of an event loop. Thread-safe.
 */
final class SignedBy {
    private static final int MAX_KEPT = 4_096;

    private final PublicKey key;
    private final Map<X509Certificate, Boolean> kept = new LinkedHashMap<>(16, 0.75f, true) {
        private static final long serialVersionUID = 1;

        @Override
        protected boolean removeEldestEntry(Map.Entry<X509Certificate, Boolean> eldest) {
            return size() > MAX_KEPT;
        }
    };

    SignedBy(PublicKey key) {
        this.key = key;
    }

    /** @throws GeneralSecurityException if not */
    void check(X509Certificate certificate) throws GeneralSecurityException {
        synchronized (kept) {
            if (kept.containsKey(certificate)) {
                return;
            }
        }
        certificate.verify(key);
        synchronized (kept) {
            kept.put(certificate, true);
        }
    }
}
