// SPDX-License-Identifier: MIT
package io.goinfer.bench;

import io.goinfer.bench.link.Conditions;
import io.goinfer.bench.link.Link;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** To the relay through an emulated {@link Link}, made when the relay's port is known. */
final class LinkedWay implements Contender.Way, AutoCloseable {
    private final Conditions line;
    private @Nullable Link link;

    LinkedWay(Conditions line) {
        this.line = line;
    }

    @Override
    public int through(int tunnelPort) throws IOException {
        link = new Link(tunnelPort);
        link.conditions(line);
        return link.port();
    }

    Link link() {
        if (link == null) {
            throw new IllegalStateException("not asked for yet");
        }
        return link;
    }

    @Override
    public void close() {
        if (link != null) {
            link.close();
        }
    }
}
