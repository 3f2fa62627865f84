// SPDX-License-Identifier: MIT
package io.goinfer.bench;

import java.io.IOException;
import java.net.BindException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.util.concurrent.ThreadLocalRandom;

/**
 * A port for a server that another process will start. Below the range from which systems take the ports of outgoing connections (IANA: 49152 on, Linux: 32768 on):
 * there one of the many connections of a bench could take it before the server does.
 */
public final class FreePort {
    private static final int FROM = 15_000;
    private static final int TO = 32_000;
    private static final int TRIES = 100;

    private FreePort() {}

    /** @throws IOException if none was found */
    public static int find() throws IOException {
        for (int i = 0; i < TRIES; i++) {
            int port = ThreadLocalRandom.current().nextInt(FROM, TO);
            try (ServerSocket tcp = new ServerSocket()) {
                tcp.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
                return port;
            } catch (BindException e) {
                // Somebody's; another one then.
                continue;
            }
        }
        throw new IOException("no free port between " + FROM + " and " + TO);
    }
}
