// SPDX-License-Identifier: MIT
package io.goinfer.proxy.agent;

import io.goinfer.tunnel.frame.Id;
import io.goinfer.tunnel.session.NodeAssociation;
import io.netty.channel.EventLoop;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;

/**
 * The relay processes that a link's addresses lead to, and what each asked for: PROTOCOL.md §6.10. Two addresses may lead to one process. Confined to the
 * link's loop.
 */
final class RelayProcesses {
    private static final String RESTARTED = "the relay has restarted";

    private final EventLoop loop;
    private final Duration resumeWindow;
    private final Map<Id, NodeAssociation> associations = new HashMap<>();
    private final Map<NodeAgent, At> at = new HashMap<>();

    /** The process that an address leads to, and the number of the latest connection that found it there. */
    private record At(Id process, long number) {}

    RelayProcesses(EventLoop loop, Duration resumeWindow) {
        this.loop = loop;
        this.resumeWindow = resumeWindow;
    }

    /**
     * What a process asked for that is at no address any more, nobody waits for. Its HELLO_OK may come late, when a later connection has found another
     * process there.
     */
    NodeAssociation associationWith(Id process, long number, NodeAgent agent) {
        At before = at.get(agent);
        if (before != null && number < before.number() && !associations.containsKey(process)) {
            NodeAssociation gone = new NodeAssociation(loop, resumeWindow);
            gone.abandon(RESTARTED);
            return gone;
        }
        if (before == null || number > before.number()) {
            at.put(agent, new At(process, number));
            if (before != null && !before.process().equals(process)) {
                forget(before.process());
            }
        }
        return associations.computeIfAbsent(process, id -> new NodeAssociation(loop, resumeWindow));
    }

    /** The agent dials no more. */
    void left(NodeAgent agent) {
        At before = at.remove(agent);
        if (before != null) {
            forget(before.process());
        }
    }

    private void forget(Id process) {
        if (at.values().stream().noneMatch(one -> one.process().equals(process))) {
            NodeAssociation gone = associations.remove(process);
            if (gone != null) {
                gone.abandon(RESTARTED);
            }
        }
    }

    /** Another agent has a session with this process. */
    boolean servedByAnother(Id process, NodeAgent agent) {
        return at.entrySet().stream()
                .anyMatch(one -> one.getKey() != agent
                        && one.getValue().process().equals(process)
                        && one.getKey().isServing());
    }
}
