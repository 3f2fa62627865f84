// SPDX-License-Identifier: MIT
package io.goinfer.proxy.agent;

import io.goinfer.certs.StateFile;
import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Whether TCP won the last race to this relay and QUIC did not come: then both start at once (PROTOCOL.md §3.1). Kept in a file beside the identity, so that a
 * node where UDP is blocked does not wait for QUIC at each start. Thread-safe; only the constructor blocks.
 */
final class LastTransport {
    private static final Logger LOG = LoggerFactory.getLogger(LastTransport.class);

    private final Path file;
    private final Executor blocking;
    private volatile boolean tcp;

    LastTransport(Path folder, Executor blocking) throws IOException {
        this.file = folder.resolve("last-transport");
        this.blocking = blocking;
        this.tcp = StateFile.read(file).orElse("").strip().equals("tcp");
    }

    boolean isTcp() {
        return tcp;
    }

    void tcp(boolean won) {
        if (tcp == won) {
            return;
        }
        tcp = won;
        try {
            blocking.execute(this::write);
        } catch (RejectedExecutionException e) {
            LOG.debug("not kept: this node stops", e);
        }
    }

    private synchronized void write() {
        try {
            StateFile.write(file, tcp ? "tcp" : "quic");
        } catch (IOException e) {
            LOG.warn("{} cannot be written: {}", file, e.getMessage());
        }
    }
}
