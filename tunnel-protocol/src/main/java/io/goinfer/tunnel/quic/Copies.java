// SPDX-License-Identifier: MIT
package io.goinfer.tunnel.quic;

import io.goinfer.tunnel.wire.Writes;
import io.netty.buffer.ByteBuf;
import io.netty.handler.codec.quic.QuicChannel;
import io.netty.util.collection.LongObjectHashMap;
import io.netty.util.collection.LongObjectMap;
import io.netty.util.concurrent.Future;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.TimeUnit;

/**
 * Small DATA once more, in datagrams, while the path loses packets (PROTOCOL.md §6.11): what one lost packet holds up in its stream arrives beside it.
 * Confined to the connection's loop.
 */
final class Copies {
    static final int MAX_CONTENT = 1_000;
    private static final int MAX_HEADER = 24;

    /** Late enough not to be lost in the same burst. */
    private static final long DELAY_NANOS = TimeUnit.MILLISECONDS.toNanos(3);

    private static final double BYTES_PER_NANO = (64 << 10) / 1e9;
    private static final double BURST_BYTES = 16 << 10;

    private record Copy(long dueNanos, ByteBuf datagram) {}

    private final QuicChannel channel;
    private final long quarterSessionId;
    private final LongObjectMap<ExchangeStream> streams = new LongObjectHashMap<>();
    private final Deque<Copy> waiting = new ArrayDeque<>();
    private final LossMeter loss = new LossMeter();
    private boolean agreed;
    private boolean lossy;
    private boolean closed;
    private double room = BURST_BYTES;
    private long roomAt = System.nanoTime();
    private long sent;

    Copies(QuicChannel channel, long sessionId) {
        this.channel = channel;
        this.quarterSessionId = sessionId >>> 2;
    }

    /** Both sides understand copies. */
    void agree() {
        agreed = true;
    }

    void add(long streamId, ExchangeStream stream) {
        streams.put(streamId, stream);
    }

    void remove(long streamId) {
        streams.remove(streamId);
    }

    /** Copies that were sent here. */
    long sent() {
        return sent;
    }

    /** What the path has sent and lost until now. */
    void measured(long packetsSent, long packetsLost) {
        lossy = loss.measured(packetsSent, packetsLost);
    }

    /** Borrows {@code content}, which goes out in the stream now. */
    void later(long streamId, long offset, ByteBuf content) {
        int size = content.readableBytes();
        if (!agreed || !lossy || closed || size == 0 || size > MAX_CONTENT || !takes(size)) {
            return;
        }
        ByteBuf datagram = channel.alloc().directBuffer(MAX_HEADER + size);
        encode(quarterSessionId, streamId, offset, content, datagram);
        if (waiting.isEmpty()) {
            wake(DELAY_NANOS);
        }
        waiting.add(new Copy(System.nanoTime() + DELAY_NANOS, datagram));
    }

    /** Borrows {@code content}. */
    static void encode(long quarterSessionId, long streamId, long offset, ByteBuf content, ByteBuf out) {
        Varint.write(out, quarterSessionId);
        Varint.write(out, streamId);
        Varint.write(out, offset);
        out.writeBytes(content, content.readerIndex(), content.readableBytes());
    }

    private boolean takes(int size) {
        long now = System.nanoTime();
        room = Math.min(BURST_BYTES, room + (now - roomAt) * BYTES_PER_NANO);
        roomAt = now;
        if (room < size) {
            return false;
        }
        room -= size;
        return true;
    }

    private void wake(long nanos) {
        Future<?> unused = channel.eventLoop().schedule(this::send, nanos, TimeUnit.NANOSECONDS);
    }

    private void send() {
        long now = System.nanoTime();
        boolean any = false;
        while (!waiting.isEmpty() && waiting.element().dueNanos() - now <= 0) {
            Writes.write(channel, waiting.remove().datagram());
            sent++;
            any = true;
        }
        if (any) {
            channel.flush();
        }
        if (!waiting.isEmpty()) {
            wake(Math.max(0, waiting.element().dueNanos() - now));
        }
    }

    /** Takes ownership. What is not for a stream of ours is dropped: a copy is never missed. */
    void received(ByteBuf datagram) {
        long quarter = Varint.read(datagram);
        long streamId = Varint.read(datagram);
        long offset = Varint.read(datagram);
        ExchangeStream stream = quarter == quarterSessionId && agreed ? streams.get(streamId) : null;
        if (stream == null || offset < 0 || !datagram.isReadable() || datagram.readableBytes() > MAX_CONTENT) {
            datagram.release();
        } else {
            stream.copied(offset, datagram);
        }
    }

    void close() {
        closed = true;
        waiting.forEach(copy -> copy.datagram().release());
        waiting.clear();
    }
}
