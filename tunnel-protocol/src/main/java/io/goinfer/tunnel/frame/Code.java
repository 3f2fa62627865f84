// SPDX-License-Identifier: MIT
package io.goinfer.tunnel.frame;

import org.jspecify.annotations.Nullable;

/** Why an exchange or a session ended. The numbers are wire format: PROTOCOL.md §7. */
public enum Code {
    NO_ERROR(0),
    PROTOCOL(1),
    INTERNAL(2),
    FLOW_CONTROL(3),
    REFUSED(4),
    CANCELLED(5),
    BACKEND_UNREACHABLE(6),
    BACKEND_RESET(7),
    TIMEOUT(8),
    OVERLOAD(9),
    HEAD_TOO_LARGE(10),
    SUPERSEDED(11),
    DRAINING(12),
    AUTH(13),
    TRUNCATED(14),
    SESSION_LOST(15),
    MOVED(16),
    VERSION(32),
    EXPIRED(33),
    REVOKED(34),
    UNKNOWN_CA(35),
    NO_CERTIFICATE(36),
    SUSPECT_TIMEOUT(37);

    /** QUIC application error codes are this plus the code, so that they never meet HTTP/3's. */
    private static final int QUIC_BASE = 0x676f0000;

    private static final @Nullable Code[] BY_NUMBER = new Code[64];

    static {
        for (Code code : values()) {
            BY_NUMBER[code.number] = code;
        }
    }

    private final int number;

    Code(int number) {
        this.number = number;
    }

    public int number() {
        return number;
    }

    public int quicCode() {
        return QUIC_BASE + number;
    }

    /** A number that a newer peer may know counts as INTERNAL. */
    public static Code of(long number) {
        if (number < 0 || number >= BY_NUMBER.length) {
            return INTERNAL;
        }
        Code code = BY_NUMBER[(int) number];
        return code == null ? INTERNAL : code;
    }

    public static Code ofQuic(long quicCode) {
        return quicCode >= QUIC_BASE && quicCode < QUIC_BASE + BY_NUMBER.length ? of(quicCode - QUIC_BASE) : CANCELLED;
    }
}
