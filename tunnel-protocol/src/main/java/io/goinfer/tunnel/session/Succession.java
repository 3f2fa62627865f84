// SPDX-License-Identifier: MIT
package io.goinfer.tunnel.session;

import io.goinfer.tunnel.frame.Id;
import java.util.Collection;

/** Which instance of one node identity is the newest: PROTOCOL.md §8. Pure. */
public final class Succession {
    /** What a session said of itself in HELLO. */
    public record Claim(Id instance, long epoch, int lane, long number) {}

    private Succession() {}

    /** False for an older process than one that is there; among equals the first stays. */
    public static boolean mayEnter(Claim newcomer, Collection<Claim> present) {
        return present.stream()
                .allMatch(claim -> claim.instance().equals(newcomer.instance()) || newcomer.epoch() > claim.epoch());
    }

    /** True if {@code a} serves before {@code b}: same lane and instance, higher number; the transports decide first elsewhere. */
    public static boolean newer(Claim a, Claim b) {
        return a.epoch() != b.epoch() ? a.epoch() > b.epoch() : a.number() > b.number();
    }
}
