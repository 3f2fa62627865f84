// SPDX-License-Identifier: MIT
package io.goinfer.tunnel.session;

import io.goinfer.tunnel.frame.Code;
import java.net.SocketAddress;
import java.security.cert.X509Certificate;
import java.util.List;

/** Decides who may have a tunnel. TLS proved possession of the key of {@code chain}'s first certificate, nothing else. */
public interface NodeAuthority {
    /** {@code code} NO_ERROR and a host, or why not. */
    record Decision(Code code, RelayGreeting.Host host) {
        /** What CONNECT or Upgrade is answered with when it is refused: PROTOCOL.md §2. */
        public int httpStatus() {
            return code == Code.NO_CERTIFICATE ? 401 : code == Code.OVERLOAD ? 503 : 403;
        }
    }

    /** Called on the connection's loop at CONNECT or Upgrade; must not block. {@code chain} is empty without a client certificate. */
    Decision decide(List<X509Certificate> chain, SocketAddress remote);
}
