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

    private Warmup() {}

    static void start(String[] arguments) {
        if (arguments.length == 0 || !SHORT_COMMANDS.contains(arguments[0])) {
            Thread thread = new Thread(QuicTls::load, "warmup");
            thread.setDaemon(true);
            thread.start();
        }
    }
}
