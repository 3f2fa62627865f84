// SPDX-License-Identifier: MIT
package io.goinfer.tunnel.quic;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Executor;

/**
 * The streams of a connection that have something to write: all together at the end of the loop's turn, while its congestion window has room. The others
 * go on collecting until a packet comes, which may have made room: what they collect meanwhile leaves in fewer packets. Written in spite of a full window
 * it would wait in Netty, which then tells every stream of the connection with each acknowledgement that it may and that it may not write
 * (docs/decisions/007). Beside one that has much to write all are written: there only quiche's scheduler lets the others
 * in between. Confined to the connection's loop.
 */
final class FlushQueue {
    /** One of the connection's streams. */
    interface Stream {
        /** Writes what it has. */
        void flush();

        /** As far as the last flush can tell, the connection could take another packet. */
        boolean hasRoom();
    }

    private final Executor loop;
    private final Coalescing coalescing;
    private final Set<Stream> streams = new LinkedHashSet<>();
    private final Set<Stream> hungry = new LinkedHashSet<>();
    private final Set<Stream> waiting = new LinkedHashSet<>();
    private boolean scheduled;
    private boolean held;
    private int bulk;

    FlushQueue(Executor loop, Coalescing coalescing) {
        this.loop = loop;
        this.coalescing = coalescing;
    }

    void add(Stream stream) {
        streams.add(stream);
        if (!scheduled && !held) {
            scheduled = true;
            loop.execute(this::flush);
        }
    }

    /**
     * It has something that must not leave before the next packet has come.
     *
     * @param servedNow something of it left now: others are first then
     */
    void whenRead(Stream stream, boolean servedNow) {
        if (hungry.isEmpty() && waiting.isEmpty()) {
            coalescing.whenRead(this::flushWaiting);
        }
        if (servedNow) {
            hungry.remove(stream);
            waiting.add(stream);
        } else {
            waiting.remove(stream);
            hungry.add(stream);
        }
    }

    private void flushWaiting() {
        streams.addAll(hungry);
        streams.addAll(waiting);
        hungry.clear();
        waiting.clear();
        flush();
    }

    /** A stream is part of a bulk transfer, or much of it waits in Netty ({@code now}), or not any more. */
    void bulk(boolean now) {
        bulk += now ? 1 : -1;
    }

    private void flush() {
        scheduled = false;
        if (held || streams.isEmpty()) {
            return;
        }
        List<Stream> turn = new ArrayList<>(streams);
        streams.clear();
        coalescing.together(turn.get(0)::flush, () -> flushOthers(turn));
    }

    private void flushOthers(List<Stream> turn) {
        int next = 1;
        while (next < turn.size() && (bulk > 0 || turn.get(next - 1).hasRoom())) {
            turn.get(next++).flush();
        }
        if (next < turn.size()) {
            hold(turn.subList(next, turn.size()));
        }
    }

    private void hold(List<Stream> first) {
        List<Stream> added = new ArrayList<>(streams);
        streams.clear();
        streams.addAll(first);
        streams.addAll(added);
        held = true;
        coalescing.whenRead(() -> {
            held = false;
            flush();
        });
    }
}
