// SPDX-License-Identifier: MIT
package io.goinfer.launcher;

import io.goinfer.tunnel.quic.QuicTls;
import java.util.List;

/**
 * Loads what every long-running command needs (native QUIC, TLS) beside the reading of command line and configuration: a third of the start is saved
 * on two cores. What fails here fails again, with its message, where it is used.
 */
final class Warmup {
    private static final List<String> SHORT_COMMANDS =
            List.of("token", "keys", "nodes", "config", "bench", "help", "-h", "--help", "-V", "--version");

    /**
     * What Netty's native libraries initialise while they load, and what loads a library of the JDK when it is initialised itself. Before JDK 19 one
     * lock guards all loading: two threads, one in each of these, would wait for each other for ever.
     */
    private static final List<String> TOUCHED_BY_NATIVE_LIBRARIES = List.of(
            "java.net.InetSocketAddress",
            "java.net.Inet4Address",
            "java.net.Inet6Address",
            "sun.nio.ch.FileChannelImpl");

    private Warmup() {}

    static void start(String[] arguments) {
        if (arguments.length == 0 || !SHORT_COMMANDS.contains(arguments[0])) {
            TOUCHED_BY_NATIVE_LIBRARIES.forEach(Warmup::initialise);
            Thread thread = new Thread(QuicTls::load, "warmup");
            thread.setDaemon(true);
            thread.start();
        }
    }

    private static void initialise(String name) {
        try {
            Class.forName(name);
        } catch (ClassNotFoundException inside) {
            // A class of the JDK's inside may have another name in a newer one, which has no such lock.
        }
    }
}
