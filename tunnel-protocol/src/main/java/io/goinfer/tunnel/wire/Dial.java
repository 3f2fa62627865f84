// SPDX-License-Identifier: MIT
package io.goinfer.tunnel.wire;

import io.goinfer.tunnel.frame.Id;

/** One attempt of a node to reach a relay, whatever the transport. */
public final class Dial {
    /** Where a relay's tunnel is, over HTTP/3 and HTTP/1.1. */
    public static final String PATH = "/.well-known/goinfer/v1";

    /** What CONNECT and Upgrade ask for. */
    public static final String PROTOCOL = "goinfer-tunnel";

    /** What came of the attempt; exactly one of both, on the loop. */
    public interface Outcome {
        /** The relay let us in; greet it now. */
        void connected(Connection connection);

        /** {@code reason} is for a person; {@code httpStatus} is 0 unless the relay answered. */
        void failed(int httpStatus, String reason);

        /** Before that, any number of times: something came from the relay. On the loop. */
        void answered();
    }

    /** A wire, and how its relay tells of a restart. */
    public interface Connection {
        Wire wire();

        /** Runs {@code rebooted} when the relay says that it restarted (PROTOCOL.md §8); transports that notice by themselves do nothing. */
        void onBootNotice(Id token, Runnable rebooted);
    }

    private Dial() {}

    /** The innermost cause, for a person. */
    public static String text(Throwable cause) {
        Throwable root = cause;
        while (root.getCause() != null && root.getCause() != root) {
            root = root.getCause();
        }
        String message = root.getMessage();
        return message == null ? root.getClass().getSimpleName() : message;
    }
}
