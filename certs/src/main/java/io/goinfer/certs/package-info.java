/**
 * CA, identities, join tokens, enrolment. Start at {@link io.goinfer.certs.CertificateAuthority} (relay) and {@link io.goinfer.certs.Identity} (node).
 * Blocking: files and key generation; call it from the blocking executor. No Netty, no sockets.
 */
@NullMarked
package io.goinfer.certs;

import org.jspecify.annotations.NullMarked;
