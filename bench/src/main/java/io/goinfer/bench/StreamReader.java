// SPDX-License-Identifier: MIT
package io.goinfer.bench;

import io.goinfer.tunnel.wire.Writes;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.util.ByteProcessor;
import java.nio.charset.StandardCharsets;
import org.HdrHistogram.Histogram;
import org.jspecify.annotations.Nullable;

/** One answer: finds the send times in the passing bytes. Confined to the driver's loop. */
final class StreamReader extends ChannelInboundHandlerAdapter implements ByteProcessor {
    private static final byte[] MARK = "\"sent_ns\":".getBytes(StandardCharsets.US_ASCII);
    private static final byte[] DONE = "[DONE]".getBytes(StandardCharsets.US_ASCII);

    private static final int STATUS_LINE = 15;

    private final Histogram first;
    private final Histogram delay;
    private final Runnable ended;
    private @Nullable Channel channel;
    private long requestedAt;
    private long now;
    private int matched;
    private int doneMatched;
    private long number = -1;
    private long events;
    private boolean done;
    private boolean over;
    private final StringBuilder statusLine = new StringBuilder(STATUS_LINE);

    StreamReader(Histogram first, Histogram delay, Runnable ended) {
        this.first = first;
        this.delay = delay;
        this.ended = ended;
    }

    void sending() {
        requestedAt = System.nanoTime();
    }

    long events() {
        return events;
    }

    boolean complete() {
        return done;
    }

    /** Why it is not {@link #complete()}. */
    String problem() {
        if (channel == null) {
            return "not connected";
        }
        String line = statusLine.toString();
        String how = over ? "closed" : "not ended";
        return line.isEmpty()
                ? how + " without an answer"
                : line.contains(" 200 ") ? how + " in the middle" : line.strip();
    }

    void abandon() {
        if (channel != null) {
            Writes.close(channel);
        }
    }

    @Override
    public void channelActive(ChannelHandlerContext ctx) {
        channel = ctx.channel();
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object msg) {
        ByteBuf in = (ByteBuf) msg;
        now = System.nanoTime();
        if (statusLine.length() < STATUS_LINE) {
            statusLine.append(in.toString(
                    in.readerIndex(),
                    Math.min(STATUS_LINE - statusLine.length(), in.readableBytes()),
                    StandardCharsets.US_ASCII));
        }
        in.forEachByte(this);
        in.release();
    }

    @Override
    public boolean process(byte b) {
        if (number >= 0) {
            if (b >= '0' && b <= '9') {
                number = number * 10 + b - '0';
                return true;
            }
            event(number);
            number = -1;
        }
        matched = b == MARK[matched] ? matched + 1 : b == MARK[0] ? 1 : 0;
        if (matched == MARK.length) {
            matched = 0;
            number = 0;
        }
        doneMatched = b == DONE[doneMatched] ? doneMatched + 1 : b == DONE[0] ? 1 : 0;
        if (doneMatched == DONE.length) {
            doneMatched = 0;
            done = true;
        }
        return true;
    }

    private void event(long sentAt) {
        if (events++ == 0) {
            first.recordValue(Math.max(0, now - requestedAt));
        }
        delay.recordValue(Math.max(0, now - sentAt));
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
        finished();
    }

    void finished() {
        if (!over) {
            over = true;
            ended.run();
        }
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
        Writes.close(ctx.channel());
    }
}
