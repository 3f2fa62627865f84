// SPDX-License-Identifier: MIT
package io.goinfer.proxy.upstream;

/** A head, a field or a body that does not fit what HTTP or PROTOCOL.md says. The message names what came, in printable characters, and what was expected. */
public final class MalformedHead extends RuntimeException {
    private static final int MOST_SHOWN = 40;
    private static final long serialVersionUID = 1;

    public MalformedHead(String message) {
        super(message);
    }

    /** A value that a stranger chose, for a message. */
    static String shown(String value) {
        String start = value.length() > MOST_SHOWN ? value.substring(0, MOST_SHOWN) + "..." : value;
        return "'" + start.replaceAll("[^ -~]", "?") + "'";
    }
}
