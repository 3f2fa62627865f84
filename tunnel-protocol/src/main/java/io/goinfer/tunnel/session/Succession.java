// SPDX-License-Identifier: MIT
package io.goinfer.tunnel.session;

import io.goinfer.tunnel.frame.Id;
import java.util.Collection;

/** Which instance of one node identity is the newest: PROTOCOL.md §8. Pure. */
public final class Succession {
    /**
     * What a session said of itself in HELLO.
     *
     * @param epoch unsigned
     */
    public record Claim(Id instance, long epoch, int lane, long number) {
        public boolean sameProcess(Claim other) {
            return instance.equals(other.instance);
        }

        /** Of a process that was started before the other's. */
        public boolean olderThan(Claim other) {
            return !sameProcess(other) && Long.compareUnsigned(epoch, other.epoch) < 0;
        }
    }

    private Succession() {}

    /**
     * False for an older process than one that has the node; among equals the first stays.
     *
     * @param holders sessions of processes that have told their models: one that is silent keeps nobody out
     */
    public static boolean mayEnter(Claim newcomer, Collection<Claim> holders) {
        return holders.stream().allMatch(claim -> claim.sameProcess(newcomer) || claim.olderThan(newcomer));
    }

    /** True if {@code a} serves before {@code b}: same lane and instance, higher number; the transports decide first elsewhere. */
    public static boolean newer(Claim a, Claim b) {
        int epochs = Long.compareUnsigned(a.epoch(), b.epoch());
        return epochs != 0 ? epochs > 0 : a.number() > b.number();
    }
}
