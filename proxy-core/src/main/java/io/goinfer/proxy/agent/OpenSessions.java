// SPDX-License-Identifier: MIT
package io.goinfer.proxy.agent;

import io.goinfer.tunnel.session.TunnelSession;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The open sessions with one relay, and which of them serves: QUIC before TCP, among equals the newest, none that is in doubt or on its way out. Confined
 * to the agent's loop.
 */
final class OpenSessions {
    private final List<TunnelSession> all = new ArrayList<>();
    private final Set<TunnelSession> doubted = new HashSet<>();
    private final Set<TunnelSession> leaving = new HashSet<>();
    private @Nullable Runnable whenEmpty;

    static boolean isTcp(TunnelSession session) {
        return session.wire().transport().equals("tcp");
    }

    void add(TunnelSession session) {
        all.add(session);
    }

    void remove(TunnelSession session) {
        all.remove(session);
        doubted.remove(session);
        leaving.remove(session);
        tellIfEmpty();
    }

    /** Runs it once, as soon as no session is open; now, if none is. */
    void whenEmpty(Runnable then) {
        whenEmpty = then;
        tellIfEmpty();
    }

    private void tellIfEmpty() {
        Runnable told = whenEmpty;
        if (all.isEmpty() && told != null) {
            whenEmpty = null;
            told.run();
        }
    }

    List<TunnelSession> all() {
        return List.copyOf(all);
    }

    /** It gets nothing new any more. */
    void leaves(TunnelSession session) {
        leaving.add(session);
    }

    boolean isLeaving(TunnelSession session) {
        return leaving.contains(session);
    }

    void doubt(TunnelSession session) {
        doubted.add(session);
    }

    void doubtAll() {
        doubted.addAll(all);
    }

    /** False: it was not in doubt. */
    boolean trust(TunnelSession session) {
        return doubted.remove(session);
    }

    @Nullable
    TunnelSession serving() {
        TunnelSession best = null;
        for (TunnelSession one : all) {
            boolean usable = !doubted.contains(one) && !leaving.contains(one);
            if (usable && (best == null || isTcp(best) || !isTcp(one))) {
                best = one;
            }
        }
        return best;
    }

    /** A TCP session stands by, or serves. */
    boolean hasTcp() {
        return all.stream().anyMatch(one -> isTcp(one) && !leaving.contains(one));
    }

    /** What {@code session} makes superfluous: others of its kind; without standby, or in its own favour, also TCP beside QUIC. */
    List<TunnelSession> replacedBy(TunnelSession session, boolean standby) {
        List<TunnelSession> others = new ArrayList<>();
        for (TunnelSession one : all) {
            boolean sameKind = isTcp(one) == isTcp(session);
            boolean idleTcp = isTcp(one) && !standby;
            if (one != session && !leaving.contains(one) && !doubted.contains(one) && (sameKind || idleTcp)) {
                others.add(one);
            }
        }
        return others;
    }
}
