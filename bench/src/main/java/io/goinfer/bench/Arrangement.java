// SPDX-License-Identifier: MIT
package io.goinfer.bench;

import java.util.List;

/** Which sessions a node keeps. */
public enum Arrangement {
    QUIC_AND_STANDBY("quic+standby", "auto", true, List.of("quic", "tcp")),
    QUIC("quic", "auto", false, List.of("quic")),
    TCP("tcp", "tcp", false, List.of("tcp"));

    private final String label;
    private final String transport;
    private final boolean standby;
    private final List<String> sessions;

    Arrangement(String label, String transport, boolean standby, List<String> sessions) {
        this.label = label;
        this.transport = transport;
        this.standby = standby;
        this.sessions = sessions;
    }

    /** The node's goinfer.yml. */
    public String configuration() {
        return "node: {transport: " + transport + ", standby: " + standby + "}\n";
    }

    String label() {
        return label;
    }

    /** What serves when all is well: transports, sorted. */
    List<String> sessions() {
        return sessions;
    }

    boolean usesUdp() {
        return this != TCP;
    }
}
