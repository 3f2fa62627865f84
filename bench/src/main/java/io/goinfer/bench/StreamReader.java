// SPDX-License-Identifier: MIT
package io.goinfer.bench;

import io.goinfer.tunnel.wire.Writes;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.util.ByteProcessor;
import java.nio.charset.StandardCharsets;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.HdrHistogram.Histogram;
import org.jspecify.annotations.Nullable;

/**
 * One answer: follows the chunks, which may cut events anywhere, and finds the send times in what they carry. Confined to the driver's loop.
 */
final class StreamReader extends ChannelInboundHandlerAdapter implements ByteProcessor {
    private static final int STATUS_LINE = 15;
    private static final byte[] MARK = "\"sent_ns\":".getBytes(StandardCharsets.US_ASCII);
    private static final int END_OF_HEAD = '\r' << 24 | '\n' << 16 | '\r' << 8 | '\n';

    private static final Pattern ERROR_CODE = Pattern.compile("\"error\".*\"code\":\"?([a-z0-9_]+)");

    private enum Part {
        HEAD,
        CHUNK_SIZE,
        CHUNK,
        CHUNK_END,
        OVER
    }

    private final Histogram first;
    private final Histogram delay;
    private final Runnable ended;
    private final byte[] last = new byte[512];
    private final StringBuilder statusLine = new StringBuilder(STATUS_LINE);
    private @Nullable Channel channel;
    private Part part = Part.HEAD;
    private int lastFour;
    private int chunkLeft;
    private int lastLength;
    private long requestedAt;
    private long now;
    private int matched;
    private long number = -1;
    private long events;
    private long lastSentAt;
    private long lastEventAt;
    private long longestSilence;
    private long markedAt;
    private long firstAfterMark;
    private boolean disordered;
    private boolean over;

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

    /** The last chunk came, after as many events as were asked for, each once and in order. */
    boolean intact(long expected) {
        return complete() && events == expected && !disordered;
    }

    /** The longest time between two events. */
    long longestSilence() {
        return longestSilence;
    }

    /** From now on {@link #sinceMark()} waits for an event. */
    void mark(long at) {
        markedAt = at;
        firstAfterMark = 0;
    }

    /** From the mark to the next event; 0 if none came. */
    long sinceMark() {
        return firstAfterMark;
    }

    /** The last chunk came. */
    boolean complete() {
        return part == Part.OVER;
    }

    /** Well or not. */
    boolean ended() {
        return over;
    }

    /** Why it is not {@link #complete()}. */
    String problem() {
        if (channel == null) {
            return "not connected";
        }
        String line = statusLine.toString();
        String how = (over ? "closed" : "not ended") + error();
        return line.isEmpty()
                ? how + " without an answer"
                : line.contains(" 200 ") ? how + " in the middle" : line.strip() + error();
    }

    /** The code of an error that came last, in brackets. */
    private String error() {
        String end = new String(last, 0, lastLength, StandardCharsets.UTF_8);
        Matcher code = ERROR_CODE.matcher(end);
        return code.find() ? " (" + code.group(1) + ")" : "";
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
        lastLength = Math.min(in.readableBytes(), last.length);
        in.getBytes(in.writerIndex() - lastLength, last, 0, lastLength);
        while (in.isReadable()) {
            if (part == Part.CHUNK) {
                int length = Math.min(chunkLeft, in.readableBytes());
                in.forEachByte(in.readerIndex(), length, this);
                in.skipBytes(length);
                chunkLeft -= length;
                if (chunkLeft == 0) {
                    part = Part.CHUNK_END;
                }
            } else {
                frame(in.readByte());
            }
        }
        in.release();
    }

    private void frame(byte b) {
        switch (part) {
            case HEAD -> {
                if (statusLine.length() < STATUS_LINE) {
                    statusLine.append((char) b);
                }
                lastFour = lastFour << 8 | b;
                part = lastFour == END_OF_HEAD ? Part.CHUNK_SIZE : Part.HEAD;
            }
            case CHUNK_SIZE -> {
                if (b == '\n') {
                    part = chunkLeft == 0 ? Part.OVER : Part.CHUNK;
                } else if (b != '\r') {
                    chunkLeft = chunkLeft << 4 | Character.digit(b, 16);
                }
            }
            case CHUNK_END -> part = b == '\n' ? Part.CHUNK_SIZE : Part.CHUNK_END;
            default -> {}
        }
    }

    /** A byte of the event stream. */
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
        return true;
    }

    private void event(long sentAt) {
        if (events++ == 0) {
            first.recordValue(Math.max(0, now - requestedAt));
        }
        delay.recordValue(Math.max(0, now - sentAt));
        disordered |= sentAt <= lastSentAt;
        lastSentAt = sentAt;
        if (lastEventAt != 0) {
            longestSilence = Math.max(longestSilence, now - lastEventAt);
        }
        lastEventAt = now;
        if (markedAt != 0 && firstAfterMark == 0) {
            firstAfterMark = Math.max(1, now - markedAt);
        }
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
