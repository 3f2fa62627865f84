// SPDX-License-Identifier: MIT
package io.goinfer.proxy.http;

import java.net.InetAddress;
import java.security.cert.X509Certificate;
import java.util.List;

/** What an endpoint may want to know of who is calling. */
interface EdgeConnection {
    InetAddress client();

    boolean tls();

    /** The client certificate that this very connection proved; empty without one. */
    List<X509Certificate> clientChain();
}
