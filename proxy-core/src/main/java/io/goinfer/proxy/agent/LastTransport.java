// SPDX-License-Identifier: MIT
package io.goinfer.proxy.agent;

import io.goinfer.certs.StateFile;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * In which networks TCP won the last race to this relay and QUIC did not come: there both start at once (PROTOCOL.md §3.1). Kept in a file beside the
 * identity, so that a node where UDP is blocked does not wait for QUIC at each start. Thread-safe; only the constructor blocks.
 */
final class LastTransport {
    private static final Logger LOG = LoggerFactory.getLogger(LastTransport.class);
    private static final int MOST = 32;
    private static final int IPV4_PREFIX = 3;
    private static final int IPV6_PREFIX = 8;

    private final Path file;
    private final Executor blocking;
    private final Object writing = new Object();

    /** The newest last. */
    private final Set<String> tcp = new LinkedHashSet<>();

    LastTransport(Path folder, Executor blocking) throws IOException {
        this.file = folder.resolve("last-transport");
        this.blocking = blocking;
        tcp.addAll(StateFile.read(file).orElse("").lines().limit(MOST).toList());
    }

    /**
     * Where this machine is, as far as its own address tells.
     *
     * @param source the address that packets to the relay leave from; null: not known
     * @return its /24 or /64 in hexadecimal digits; two homes with one private prefix are taken for one network
     */
    static String network(@Nullable InetAddress source) {
        byte[] address = source == null ? new byte[0] : source.getAddress();
        int prefix = address.length > Integer.BYTES ? IPV6_PREFIX : IPV4_PREFIX;
        return HexFormat.of().formatHex(address, 0, Math.min(prefix, address.length));
    }

    synchronized boolean isTcp(String network) {
        return tcp.contains(network);
    }

    synchronized void tcp(String network, boolean won) {
        if (tcp.contains(network) == won) {
            return;
        }
        if (won) {
            tcp.add(network);
        } else {
            tcp.remove(network);
        }
        if (tcp.size() > MOST) {
            tcp.remove(tcp.iterator().next());
        }
        try {
            blocking.execute(this::write);
        } catch (RejectedExecutionException e) {
            LOG.debug("not kept: this node stops", e);
        }
    }

    /** One after the other; loops do not wait for the disk. */
    private void write() {
        synchronized (writing) {
            try {
                StateFile.write(file, String.join("\n", all()));
            } catch (IOException e) {
                LOG.warn("{} cannot be written: {}", file, e.getMessage());
            }
        }
    }

    private synchronized List<String> all() {
        return List.copyOf(tcp);
    }
}
