// SPDX-License-Identifier: MIT
package io.goinfer.proxy.fleet;

import io.goinfer.tunnel.frame.Id;
import io.goinfer.tunnel.session.Succession;
import io.goinfer.tunnel.session.TunnelSession;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * The open sessions of one node identity, and which of its processes has the node (PROTOCOL.md §8). A claim counts as long as its sessions, no longer. Guarded by
 * the monitor of {@link Nodes}.
 */
final class NodeSessions {
    /** A process has a few for each address of its relay; more are of one that goes wrong. */
    static final int MAX = 32;

    record Entry(X509Certificate certificate, Succession.Claim claim, TunnelSession session) {}

    private final List<Entry> entries = new ArrayList<>();
    private final Set<Id> holders = new HashSet<>();

    /** Over the limit the oldest leaves, which is returned: the newest is the one that surely lives. */
    @Nullable
    Entry add(Entry entry) {
        entries.add(entry);
        return entries.size() > MAX ? entries.remove(0) : null;
    }

    void remove(Entry entry) {
        entries.remove(entry);
        boolean left = entries.stream().anyMatch(one -> one.claim().sameProcess(entry.claim()));
        if (!left) {
            holders.remove(entry.claim().instance());
        }
    }

    boolean isEmpty() {
        return entries.isEmpty();
    }

    List<Entry> all() {
        return List.copyOf(entries);
    }

    boolean mayEnter(Succession.Claim newcomer) {
        return Succession.mayEnter(
                newcomer,
                entries.stream()
                        .map(Entry::claim)
                        .filter(claim -> holders.contains(claim.instance()))
                        .toList());
    }

    boolean holds(Succession.Claim claim) {
        return holders.contains(claim.instance());
    }

    /** No process has told its models yet. */
    boolean nobodyHolds() {
        return holders.isEmpty();
    }

    /** The process has told its models: the node is its from now on. False: it was so before, or the session has left. */
    boolean hold(Entry entry) {
        return entries.contains(entry) && holders.add(entry.claim().instance());
    }

    /** Sessions of processes that were started before. */
    List<Entry> before(Succession.Claim claim) {
        return entries.stream().filter(one -> one.claim().olderThan(claim)).toList();
    }

    /** The session that serves new exchanges: of the process that has the node, the newest that is usable. */
    @Nullable
    Entry serving(Predicate<Entry> usable) {
        Entry best = null;
        for (Entry entry : entries) {
            if (usable.test(entry) && (best == null || better(entry, best))) {
                best = entry;
            }
        }
        return best;
    }

    /** QUIC before TCP, among equals the newest: PROTOCOL.md §3.1. */
    private boolean better(Entry one, Entry other) {
        if (holds(one.claim()) != holds(other.claim())) {
            return holds(one.claim());
        }
        String transport = one.session().wire().transport();
        boolean sameTransport = transport.equals(other.session().wire().transport());
        return one.claim().sameProcess(other.claim()) && !sameTransport
                ? transport.equals("quic")
                : Succession.newer(one.claim(), other.claim());
    }
}
