// SPDX-License-Identifier: MIT
package io.goinfer.tunnel.session;

import io.goinfer.tunnel.frame.Id;
import java.util.Collection;

/** Which instance of one node identity is the newest: PROTOCOL.md §8. Pure. */
public final class Succession {
    /** What a session said of itself in HELLO. */
    public record Claim(Id instance, long epoch, int lane, long number) {}

    /** What to do with a newcomer. */
    public enum Verdict {
        /** Another process of this instance: coexist. */
        JOIN,
        /** A newer instance: the others go. */
        TAKE_OVER,
        /** An older instance. */
        SUPERSEDED
    }

    private Succession() {}

    public static Verdict judge(Claim newcomer, Collection<Claim> present) {
        boolean others = false;
        for (Claim claim : present) {
            if (claim.instance().equals(newcomer.instance())) {
                continue;
            }
            if (newcomer.epoch() <= claim.epoch()) {
                return Verdict.SUPERSEDED;
            }
            others = true;
        }
        return others ? Verdict.TAKE_OVER : Verdict.JOIN;
    }

    /** True if {@code a} serves before {@code b}: same lane and instance, higher number; the transports decide first elsewhere. */
    public static boolean newer(Claim a, Claim b) {
        return a.epoch() != b.epoch() ? a.epoch() > b.epoch() : a.number() > b.number();
    }
}
