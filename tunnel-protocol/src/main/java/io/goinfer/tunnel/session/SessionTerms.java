// SPDX-License-Identifier: MIT
package io.goinfer.tunnel.session;

import io.goinfer.tunnel.frame.Frame;

/** What HELLO and HELLO_OK agreed on. */
public record SessionTerms(int version, long features, int maxStreams, int floor, String nodeName) {
    public static final int VERSION = 1;
    public static final int DEFAULT_MAX_STREAMS = 1_024;
    public static final int MAX_MAX_STREAMS = 10_240;
    public static final int DEFAULT_FLOOR = 4 << 10;
    private static final int MAX_STEP = 2 << 10;
    static final int MIN_FLOOR = 1 << 10;
    static final int MAX_FLOOR = 64 << 10;

    /**
     * What an exchange's receiver took may be told to {@link TunnelExchange#consumed} in steps of so many bytes. Half of the floor at most: the floor is all that a
     * sender may have when others hold the pool, and a step that it cannot fill would never be told.
     */
    public int consumedStep() {
        return Math.min(MAX_STEP, floor / 2);
    }

    static SessionTerms of(Frame.HelloOk ok) {
        return new SessionTerms(ok.version(), ok.features(), ok.maxStreams(), ok.floor(), ok.name());
    }

    static boolean valid(int maxStreams, int floor) {
        return maxStreams >= 1 && maxStreams <= MAX_MAX_STREAMS && floor >= MIN_FLOOR && floor <= MAX_FLOOR;
    }
}
