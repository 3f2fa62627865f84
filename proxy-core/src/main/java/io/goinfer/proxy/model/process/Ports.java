// SPDX-License-Identifier: MIT
package io.goinfer.proxy.model.process;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/** Ports of this machine for models' processes. Blocking. */
public final class Ports {
    private static final int TRIES = 200;

    /** Given away, though their process may not listen yet. */
    private static final Set<Integer> TAKEN = ConcurrentHashMap.newKeySet();

    private Ports() {}

    /** The wanted port, or the next one that is free; give it back. @throws IOException if 200 in a row are in use */
    public static int take(int wanted) throws IOException {
        for (int port = wanted; port < Math.min(65_536, wanted + TRIES); port++) {
            if (!TAKEN.add(port)) {
                continue;
            }
            try (ServerSocket socket = new ServerSocket()) {
                socket.setReuseAddress(true);
                socket.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
                return port;
            } catch (java.net.BindException e) {
                TAKEN.remove(port);
            }
        }
        throw new IOException("ports " + wanted + " to " + (wanted + TRIES - 1) + " are all in use");
    }

    public static void giveBack(int port) {
        TAKEN.remove(port);
    }
}
