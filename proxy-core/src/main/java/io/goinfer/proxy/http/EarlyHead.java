// SPDX-License-Identifier: MIT
package io.goinfer.proxy.http;

import io.goinfer.proxy.control.Errors;
import io.goinfer.proxy.upstream.Refusal;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.EventLoop;
import io.netty.handler.codec.http.DefaultHttpContent;
import io.netty.handler.codec.http.DefaultHttpHeaders;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.LastHttpContent;
import io.netty.util.concurrent.Future;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Keeps a streaming client that waits for a model or a slot: the 200 after some seconds, then comments, until the answer comes. From then on an error
 * can only be an event of the stream. Confined to the connection's loop.
 */
final class EarlyHead {
    private static final byte[] COMMENT = ": keep-alive\n\n".getBytes(StandardCharsets.US_ASCII);
    private static final Duration EVERY = Duration.ofSeconds(15);
    private static final int MAX_ERROR = 64 << 10;

    private final EdgeHandler edge;
    private final EventLoop loop;
    private final Consumer<LastHttpContent> whole;
    private final BooleanSupplier streams;
    private final Consumer<HttpHeaders> writeHead;
    private @Nullable Future<?> timer;
    private @Nullable StringBuilder error;
    private @Nullable LoadingState loading;
    private boolean sent;
    private boolean answered;

    /**
     * @param whole ends the response well
     * @param streams whether the client asked for a stream, as far as is known then
     * @param writeHead writes a 200 with these fields
     */
    EarlyHead(
            EdgeHandler edge,
            Consumer<LastHttpContent> whole,
            BooleanSupplier streams,
            Consumer<HttpHeaders> writeHead) {
        this.edge = edge;
        this.loop = edge.loop();
        this.whole = whole;
        this.streams = streams;
        this.writeHead = writeHead;
    }

    void start(Duration after) {
        if (!after.isZero()) {
            timer = loop.schedule(this::tick, after.toMillis(), TimeUnit.MILLISECONDS);
        }
    }

    /** Its model wants its load to be told of: the head goes out at once. Call it when the client is known to want a stream. */
    void tellLoading(String model) {
        if (!answered && !sent && loading == null) {
            LoadingState told = new LoadingState();
            loading = told;
            if (timer != null) {
                timer.cancel(false);
            }
            head();
            event(told.begin(model));
            timer = loop.schedule(this::tick, LoadingState.EVERY_MILLIS, TimeUnit.MILLISECONDS);
        }
    }

    boolean sent() {
        return sent;
    }

    private void tick() {
        if (answered || !sent && !streams.getAsBoolean()) {
            return;
        }
        if (loading != null) {
            event(loading.tick());
            timer = loop.schedule(this::tick, LoadingState.EVERY_MILLIS, TimeUnit.MILLISECONDS);
            return;
        }
        if (!sent) {
            head();
        }
        edge.write(new DefaultHttpContent(Unpooled.wrappedBuffer(COMMENT)));
        edge.flush();
        timer = loop.schedule(this::tick, EVERY.toMillis(), TimeUnit.MILLISECONDS);
    }

    private void head() {
        sent = true;
        writeHead.accept(new DefaultHttpHeaders()
                .set("content-type", "text/event-stream")
                .set("cache-control", "no-cache, no-transform")
                .set("x-accel-buffering", "no"));
    }

    private void event(String text) {
        edge.write(new DefaultHttpContent(Unpooled.copiedBuffer(text, StandardCharsets.UTF_8)));
        edge.flush();
    }

    /** The answer is there, or nobody waits for one any more. */
    void stop() {
        answered = true;
        if (timer != null) {
            timer.cancel(false);
        }
    }

    /** True: the head need not be written again. Anything but a stream of events becomes an error event. */
    boolean takesHead(int status, HttpHeaders headers) {
        stop();
        String type = headers.get("content-type");
        boolean stream = status == 200 && type != null && type.startsWith("text/event-stream");
        if (sent && !stream) {
            error = new StringBuilder();
        } else if (loading != null) {
            event(loading.end());
        }
        return sent;
    }

    /** True: the bytes belong to an error that is being collected. Takes ownership then. */
    boolean takesBody(ByteBuf content) {
        StringBuilder text = error;
        if (text == null) {
            return false;
        }
        if (text.length() < MAX_ERROR) {
            text.append(content.toString(StandardCharsets.UTF_8));
        }
        content.release();
        return true;
    }

    /** True: the collected error was written as an event and the response is over. */
    boolean takesEnd() {
        StringBuilder text = error;
        if (text == null) {
            return false;
        }
        end("data: " + text.toString().replaceAll("\\s*\\R\\s*", " ") + "\n\n");
        return true;
    }

    /** Writes a refusal as an event and ends the response. */
    void refuse(Refusal refusal, String path) {
        stop();
        end(Errors.event(refusal, path));
    }

    private void end(String event) {
        edge.write(new DefaultHttpContent(Unpooled.copiedBuffer(event, StandardCharsets.UTF_8)));
        whole.accept(LastHttpContent.EMPTY_LAST_CONTENT);
    }
}
