// SPDX-License-Identifier: MIT
package io.goinfer.bench.llama;

import io.goinfer.tunnel.wire.Writes;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.EventLoop;
import io.netty.util.concurrent.Future;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * One completion: waits for a slot without a byte, sends its head when the slot starts, then a token at a time, each event with the time it was written
 * ({@code "sent_ns"}, {@code System.nanoTime()}, one clock for all processes of a Linux machine). Confined to the server's loop.
 */
final class Generation {
    private static final ByteBuf HEAD = Unpooled.unreleasableBuffer(Unpooled.wrappedBuffer(
            ("HTTP/1.1 200 OK\r\nServer: llama.cpp\r\nAccess-Control-Allow-Origin: \r\nX-Accel-Buffering: no\r\n"
                            + "Content-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n"
                            + "Keep-Alive: timeout=5, max=100\r\n\r\n")
                    .getBytes(StandardCharsets.US_ASCII)));
    private static final byte[] MIDDLE = ",\"sent_ns\":".getBytes(StandardCharsets.US_ASCII);
    private static final byte[] END = "}\n\n".getBytes(StandardCharsets.US_ASCII);

    private final SimulatedLlama server;
    private final LlamaConnection connection;
    private final Channel channel;
    private final EventLoop loop;
    private final LlamaRequest request;
    private final byte[] eventStart;
    private int slot = -1;
    private int cached;
    private int sent;
    private long startedAt;
    private @Nullable Future<?> timer;
    private boolean over;

    Generation(
            SimulatedLlama server, LlamaConnection connection, Channel channel, EventLoop loop, LlamaRequest request) {
        this.server = server;
        this.connection = connection;
        this.channel = channel;
        this.loop = loop;
        this.request = request;
        this.eventStart = request.eventStart(server.simulation().model()).getBytes(StandardCharsets.UTF_8);
    }

    String prompt() {
        return request.prompt();
    }

    void start(int ownSlot, int cachedTokens) {
        slot = ownSlot;
        cached = Math.min(cachedTokens, request.promptTokens());
        server.counts().running.incrementAndGet();
        startedAt = System.nanoTime();
        if (request.stream()) {
            channel.writeAndFlush(HEAD.duplicate()).addListener(done -> {});
        }
        double rate = server.simulation().promptTokensPerSecond();
        long prefill = rate == 0 ? 0 : (long) ((request.promptTokens() - cached) / rate * 1e9);
        timer = loop.schedule(this::token, prefill, TimeUnit.NANOSECONDS);
    }

    private void token() {
        if (over) {
            return;
        }
        double rate = request.rate() > 0 ? request.rate() : server.simulation().tokensPerSecond();
        if (request.stream()) {
            writeEvent();
        }
        sent++;
        server.counts().tokens.incrementAndGet();
        if (sent >= request.maxTokens()) {
            end();
        } else if (rate == 0 && request.stream() && !channel.isWritable()) {
            timer = null;
        } else if (rate == 0) {
            timer = loop.schedule(this::token, 0, TimeUnit.NANOSECONDS);
        } else {
            server.steps().at(startedAt + (long) (sent / rate * 1e9), this::token);
        }
    }

    /** The client reads again: only a stream without a rate waits for that. */
    void writable() {
        if (timer == null && slot >= 0 && !over) {
            token();
        }
    }

    private void writeEvent() {
        ByteBuf out = channel.alloc().directBuffer(eventStart.length + 64);
        out.writeZero(6);
        out.writeBytes(eventStart).writeBytes(MIDDLE);
        writeNumber(out, System.nanoTime());
        out.writeBytes(END);
        frame(out);
        Writes.flush(channel, out);
    }

    /** Puts the chunk size (four hex digits) into the six bytes left free, and the chunk's end. */
    private static void frame(ByteBuf out) {
        int length = out.readableBytes() - 6;
        for (int i = 0; i < 4; i++) {
            out.setByte(i, "0123456789abcdef".charAt(length >>> 12 - 4 * i & 0xf));
        }
        out.setByte(4, '\r').setByte(5, '\n');
        out.writeByte('\r').writeByte('\n');
    }

    private static void writeNumber(ByteBuf out, long number) {
        int digits = 1;
        for (long n = number; n >= 10; n /= 10) {
            digits++;
        }
        int end = out.writerIndex() + digits;
        out.writeZero(digits);
        long n = number;
        for (int i = end - 1; i >= end - digits; i--) {
            out.setByte(i, '0' + (int) (n % 10));
            n /= 10;
        }
    }

    private void end() {
        over = true;
        server.counts().running.decrementAndGet();
        server.slots().leave(this, slot);
        if (request.stream()) {
            ByteBuf out = channel.alloc().directBuffer(512);
            chunk(out, request.lastEvent(server.simulation().model(), sent, cached));
            if (request.doneMark()) {
                chunk(out, "data: [DONE]\n\n");
            }
            ByteBufUtil.writeAscii(out, "0\r\n\r\n");
            connection.answered(out, true);
        } else {
            connection.answer(200, request.json(server.simulation().model(), sent, cached));
        }
    }

    private static void chunk(ByteBuf out, String text) {
        ByteBufUtil.writeAscii(out, Integer.toHexString(text.length()) + "\r\n" + text + "\r\n");
    }

    /** The client left. A waiting or running generation gives its place back as late as llama-server does: on its next token or 1 s poll. */
    void abandoned() {
        if (over) {
            return;
        }
        over = true;
        if (timer != null) {
            timer.cancel(false);
        }
        long poll = request.stream() && slot >= 0 ? 20 : 1_000;
        boolean ran = slot >= 0;
        Future<?> unused = loop.schedule(
                () -> {
                    if (ran) {
                        server.counts().running.decrementAndGet();
                    }
                    server.slots().leave(this, slot);
                },
                poll,
                TimeUnit.MILLISECONDS);
    }
}
