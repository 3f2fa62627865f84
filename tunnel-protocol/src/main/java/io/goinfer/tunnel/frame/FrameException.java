// SPDX-License-Identifier: MIT
package io.goinfer.tunnel.frame;

/** The peer broke PROTOCOL.md. Without a stack trace: a hostile peer causes it at will. */
public final class FrameException extends RuntimeException {
    private static final long serialVersionUID = 1;
    private final Code code;
    private final String reason;

    public FrameException(Code code, String message) {
        super(message, null, false, false);
        this.code = code;
        this.reason = message;
    }

    /** The message, never null. */
    public String reason() {
        return reason;
    }

    public Code code() {
        return code;
    }
}
