// SPDX-License-Identifier: MIT
package io.goinfer.proxy.agent;

import io.goinfer.tunnel.frame.Id;

/** This process towards every address of one relay: what HELLO says of it (PROTOCOL.md §5.1). Confined to the link's loop. */
final class Instance {
    private final Id id;
    private final Epoch stored;
    private long epoch;
    private long connections;

    Instance(Id id, Epoch stored) {
        this.id = id;
        this.stored = stored;
        this.epoch = stored.current();
    }

    Id id() {
        return id;
    }

    long epoch() {
        return epoch;
    }

    /** Counts the connections of this process. */
    long nextNumber() {
        return ++connections;
    }

    /** Blocking; on any thread. */
    long raise() {
        return stored.raise();
    }

    void raised(long value) {
        epoch = value;
    }
}
