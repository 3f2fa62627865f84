// SPDX-License-Identifier: MIT
package io.goinfer.tunnel.quic;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelDuplexHandler;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelPromise;
import io.netty.channel.socket.DatagramPacket;
import io.netty.handler.codec.quic.QuicChannel;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Between a UDP socket and the QUIC connections on it: fewer packets, acknowledgements and system calls for many streams of small events
 * (docs/decisions/007). Confined to the socket's loop.
 *
 * <ul>
 *   <li>What is written in one turn of the loop leaves in one flush, in the same turn.
 *   <li>Streams that are written {@link #together} are packed in one go.
 *   <li>What comes is passed on at once, but acknowledged at most every two milliseconds while small packets come faster, four when they are many (RFC 9000 §13.2.2). A full
 *       packet, 16 KiB of small ones or anything that we send ends the wait, and there is none while a stream waits for room, which an acknowledgement may have brought.
 * </ul>
 */
final class Coalescing extends ChannelDuplexHandler {
    private static final long ACKNOWLEDGE_NANOS = TimeUnit.MILLISECONDS.toNanos(2);
    private static final long MANY_ACKNOWLEDGE_NANOS = TimeUnit.MILLISECONDS.toNanos(4);

    /** Bytes that are not acknowledged yet: so many packets make the longer wait worth it, and their sender finds out soon enough what was lost. */
    private static final int MANY = 4 << 10;

    /** Larger packets are part of a bulk transfer. */
    private static final int MOST_TOKENS = 1_199;

    /** A sender with a small window has used it up by then: it would wait for the acknowledgement. */
    private static final int MOST_UNACKNOWLEDGED = 16 << 10;

    private static final int LONG_HEADER_BIT = 0x80;

    private final LongSupplier clock;
    private @Nullable ChannelHandlerContext context;
    private @Nullable Runnable rest;
    private final List<Runnable> afterRead = new ArrayList<>();
    private boolean flushing;
    private boolean reading;
    private boolean urgent;
    private boolean waiting;
    private boolean timed;
    private long completed;
    private int blocked;
    private int unacknowledged;

    /** @param clock in nanoseconds */
    Coalescing(LongSupplier clock) {
        this.clock = clock;
        this.completed = clock.getAsLong();
    }

    /** Of the connection's socket. */
    static Coalescing of(QuicChannel connection) {
        return connection.parent().pipeline().get(Coalescing.class);
    }

    @Override
    public void handlerAdded(ChannelHandlerContext ctx) {
        context = ctx;
    }

    // ---- out

    /**
     * Runs {@code first}, which writes to a stream, and {@code others}, which writes to others of the connection: from within the first packet's way out,
     * when there is one. Netty's QUIC looks for packets after every write, except while it is at it.
     */
    void together(Runnable first, Runnable others) {
        rest = others;
        first.run();
        runRest();
        written();
    }

    private void runRest() {
        Runnable run = rest;
        if (run != null) {
            rest = null;
            run.run();
        }
    }

    /** Something was written to a connection: it leaves when the read is complete. */
    void written() {
        if (reading) {
            urgent = true;
        } else if (waiting && context != null && !context.isRemoved()) {
            complete(context);
        }
    }

    /** A stream has no room for what it could send ({@code now}), or has room again. */
    void blocked(boolean now) {
        blocked += now ? 1 : -1;
    }

    /** Once, behind the packets that come next. What it writes leaves with their acknowledgement. */
    void whenRead(Runnable task) {
        afterRead.add(task);
    }

    @Override
    public void write(ChannelHandlerContext ctx, Object msg, ChannelPromise promise) {
        ChannelFuture unused = ctx.write(msg, promise);
        runRest();
    }

    /** The task runs in the same turn, after the sockets that are ready now, so nothing waits for a later one. */
    @Override
    public void flush(ChannelHandlerContext ctx) {
        if (!flushing) {
            flushing = true;
            ctx.executor().execute(() -> {
                flushing = false;
                ctx.flush();
            });
        }
    }

    // ---- in

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object msg) {
        if (msg instanceof DatagramPacket packet && !packet.content().isReadable()) {
            // Anybody can send one; it is no QUIC packet.
            packet.release();
            return;
        }
        urgent |= !(msg instanceof DatagramPacket packet && mayWait(packet.content()));
        reading = true;
        try {
            ctx.fireChannelRead(msg);
        } finally {
            reading = false;
        }
    }

    private boolean mayWait(ByteBuf in) {
        int size = in.readableBytes();
        unacknowledged += size;
        return size <= MOST_TOKENS
                && unacknowledged < MOST_UNACKNOWLEDGED
                && (in.getByte(in.readerIndex()) & LONG_HEADER_BIT) == 0;
    }

    /** The codec acknowledges and sends when a read is complete. */
    @Override
    public void channelReadComplete(ChannelHandlerContext ctx) {
        if (!afterRead.isEmpty()) {
            List<Runnable> tasks = List.copyOf(afterRead);
            afterRead.clear();
            tasks.forEach(Runnable::run);
            urgent = true;
        }
        acknowledge(ctx);
    }

    private void acknowledge(ChannelHandlerContext ctx) {
        long wait = unacknowledged >= MANY ? MANY_ACKNOWLEDGE_NANOS : ACKNOWLEDGE_NANOS;
        long left = completed + wait - clock.getAsLong();
        if (urgent || blocked > 0 || left <= 0) {
            complete(ctx);
        } else {
            waiting = true;
            if (!timed) {
                timed = true;
                ctx.executor()
                        .schedule(() -> due(ctx), left, TimeUnit.NANOSECONDS)
                        .addListener(done -> {});
            }
        }
    }

    private void due(ChannelHandlerContext ctx) {
        timed = false;
        if (waiting && !ctx.isRemoved()) {
            acknowledge(ctx);
        }
    }

    private void complete(ChannelHandlerContext ctx) {
        waiting = false;
        urgent = false;
        unacknowledged = 0;
        completed = clock.getAsLong();
        ctx.fireChannelReadComplete();
    }
}
