// SPDX-License-Identifier: MIT
package io.goinfer.proxy.model.process;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/** What a model's process takes of this machine: a port, memory. Blocking. */
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

    /** Resident memory of a process on Linux, else 0. */
    public static long residentBytes(long pid) {
        try {
            for (String line : Files.readAllLines(Path.of("/proc", Long.toString(pid), "status"))) {
                if (line.startsWith("VmRSS:")) {
                    return Long.parseLong(line.replaceAll("\\D", "")) << 10;
                }
            }
        } catch (IOException | NumberFormatException e) {
            return 0;
        }
        return 0;
    }
}
