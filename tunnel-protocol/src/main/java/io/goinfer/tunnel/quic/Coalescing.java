// SPDX-License-Identifier: MIT
package io.goinfer.tunnel.quic;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelDuplexHandler;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelPromise;
import io.netty.channel.socket.DatagramPacket;
import io.netty.handler.codec.quic.QuicChannel;
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
 *   <li>Data is passed on at once, but acknowledged at most every two milliseconds while packets of the size of tokens come faster (RFC 9000 §13.2.2). A full
 *       packet, an acknowledgement or anything that we send ends the wait.
 * </ul>
 */
final class Coalescing extends ChannelDuplexHandler {
    private static final long ACKNOWLEDGE_NANOS = TimeUnit.MILLISECONDS.toNanos(2);

    /** Smaller packets carry acknowledgements, for which the other direction may wait; larger ones are part of a bulk transfer. */
    private static final int LEAST_TOKENS = 100;

    private static final int MOST_TOKENS = 1_199;
    private static final int LONG_HEADER_BIT = 0x80;

    private final LongSupplier clock;
    private @Nullable ChannelHandlerContext context;
    private @Nullable Runnable rest;
    private boolean flushing;
    private boolean reading;
    private boolean urgent;
    private boolean waiting;
    private long completed;

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
        urgent |= !(msg instanceof DatagramPacket packet && carriesTokens(packet.content()));
        reading = true;
        try {
            ctx.fireChannelRead(msg);
        } finally {
            reading = false;
        }
    }

    private static boolean carriesTokens(ByteBuf in) {
        int size = in.readableBytes();
        return size >= LEAST_TOKENS && size <= MOST_TOKENS && (in.getByte(in.readerIndex()) & LONG_HEADER_BIT) == 0;
    }

    /** The codec acknowledges and sends when a read is complete. */
    @Override
    public void channelReadComplete(ChannelHandlerContext ctx) {
        long left = completed + ACKNOWLEDGE_NANOS - clock.getAsLong();
        if (urgent || left <= 0) {
            complete(ctx);
        } else if (!waiting) {
            waiting = true;
            ctx.executor().schedule(this::written, left, TimeUnit.NANOSECONDS).addListener(done -> {});
        }
    }

    private void complete(ChannelHandlerContext ctx) {
        waiting = false;
        urgent = false;
        completed = clock.getAsLong();
        ctx.fireChannelReadComplete();
    }
}
