// SPDX-License-Identifier: MIT
package io.goinfer.proxy.agent;

import io.goinfer.tunnel.frame.Id;
import io.goinfer.tunnel.session.NodeAssociation;
import io.netty.channel.EventLoop;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** The process of the relay that this node is connected to, and what it asked for: PROTOCOL.md §6.10. Confined to the agent's loop. */
final class RelayProcess {
    private final EventLoop loop;
    private final Duration resumeWindow;
    private @Nullable NodeAssociation association;
    private @Nullable Id id;

    RelayProcess(EventLoop loop, Duration resumeWindow) {
        this.loop = loop;
        this.resumeWindow = resumeWindow;
    }

    /** What an earlier process asked for, nobody waits for any more. */
    NodeAssociation associationWith(Id process) {
        NodeAssociation known = association;
        if (known == null || !process.equals(id)) {
            if (known != null) {
                known.abandon("the relay has restarted");
            }
            known = new NodeAssociation(loop, resumeWindow);
            association = known;
            id = process;
        }
        return known;
    }
}
