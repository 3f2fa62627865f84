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
    private final EventLoop loop;
    private final Duration resumeWindow;
    private final Map<Id, NodeAssociation> associations = new HashMap<>();
    private final Map<NodeAgent, Id> at = new HashMap<>();

    RelayProcesses(EventLoop loop, Duration resumeWindow) {
        this.loop = loop;
        this.resumeWindow = resumeWindow;
    }

    /** What a process asked for that is at no address any more, nobody waits for. */
    NodeAssociation associationWith(Id process, NodeAgent agent) {
        Id before = at.put(agent, process);
        if (before != null && !before.equals(process)) {
            forget(before);
        }
        return associations.computeIfAbsent(process, id -> new NodeAssociation(loop, resumeWindow));
    }

    /** The agent dials no more. */
    void left(NodeAgent agent) {
        Id before = at.remove(agent);
        if (before != null) {
            forget(before);
        }
    }

    private void forget(Id process) {
        if (!at.containsValue(process)) {
            NodeAssociation gone = associations.remove(process);
            if (gone != null) {
                gone.abandon("the relay has restarted");
            }
        }
    }

    /** Another agent has a session with this process. */
    boolean servedByAnother(Id process, NodeAgent agent) {
        return at.entrySet().stream()
                .anyMatch(one -> one.getKey() != agent
                        && one.getValue().equals(process)
                        && one.getKey().isServing());
    }
}
