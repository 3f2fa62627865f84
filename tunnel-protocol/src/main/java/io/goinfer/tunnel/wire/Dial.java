// SPDX-License-Identifier: MIT
package io.goinfer.tunnel.wire;

import io.goinfer.tunnel.frame.Id;

/** One attempt of a node to reach a relay, whatever the transport. */
public final class Dial {
    /** What came of the attempt; exactly one of both, on the loop. */
    public interface Outcome {
        /** The relay let us in; greet it now. */
        void connected(Connection connection);

        /** {@code reason} is for a person; {@code httpStatus} is 0 unless the relay answered. */
        void failed(int httpStatus, String reason);
    }

    /** A wire, and how its relay tells of a restart. */
    public interface Connection {
        Wire wire();

        /** Runs {@code rebooted} when the relay says that it restarted (PROTOCOL.md §8); transports that notice by themselves do nothing. */
        void onBootNotice(Id token, Runnable rebooted);
    }

    private Dial() {}
}
