// SPDX-License-Identifier: MIT
package io.goinfer.proxy.model.llama;

import io.goinfer.proxy.json.JsonTree;
import io.goinfer.proxy.upstream.HopHeaders;
import io.goinfer.proxy.upstream.Refusal;
import io.goinfer.proxy.upstream.Upstream.Response;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.handler.codec.http.HttpHeaders;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.IntConsumer;
import org.jspecify.annotations.Nullable;

/** A backend's events as goinfer's: {@code start_emitting}, tokens, {@code result}, {@code [DONE]}; or the result alone. */
final class InferAnswer extends ResponseFilter {
    private static final int MAX_UNDER_WAY = 32 << 10;

    /** Characters of an answer, which are kept for the result. */
    private static final int MAX_TEXT = 16 << 20;

    private final boolean streams;
    private final String ignored;
    private final SseReader events = new SseReader();
    private final StringBuilder text = new StringBuilder();
    private final long startedAt = System.nanoTime();
    private long firstAt;
    private int tokens;
    private boolean passing;
    private @Nullable HttpHeaders head;
    private @Nullable String error;
    private int errorStatus;
    private int underWay;
    private int unreported;

    InferAnswer(Response next, IntConsumer consumed, boolean streams, String ignored) {
        super(next, consumed);
        this.streams = streams;
        this.ignored = ignored;
    }

    @Override
    public void onHead(int status, HttpHeaders headers) {
        if (!ignored.isEmpty()) {
            HopHeaders.ignored(headers, ignored);
        }
        String type = headers.get("content-type");
        passing = status != 200 || type == null || !type.startsWith("text/event-stream");
        if (passing || streams) {
            next.onHead(status, headers);
        } else {
            head = headers;
        }
    }

    @Override
    public void onBody(ByteBuf content) {
        if (passing) {
            next.onBody(content);
            return;
        }
        int size = content.readableBytes();
        if (error == null) {
            events.read(content, this::event);
        }
        content.release();
        if (events.isTooLong() || text.length() > MAX_TEXT) {
            error = "the backend's answer is too long";
            text.setLength(0);
            events.close();
        }
        unreported += size;
        report();
    }

    /** What goes on is of another size than what came: the backend gets its credit while little of ours is on its way. */
    @Override
    void onConsumed(int bytes) {
        underWay -= bytes;
        report();
    }

    private void report() {
        if (underWay < MAX_UNDER_WAY && unreported > 0) {
            int bytes = unreported;
            unreported = 0;
            consumed.accept(bytes);
        }
    }

    private void event(ByteBuf event) {
        byte[] data = SseReader.data(event);
        if (data == null || error != null) {
            return;
        }
        Map<String, @Nullable Object> map;
        try {
            map = JsonTree.object(data);
        } catch (IOException e) {
            // [DONE], or a comment.
            return;
        }
        if (map.get("error") instanceof Map<?, ?>) {
            Map<String, @Nullable Object> failed = JsonTree.map(map.get("error"));
            error = JsonTree.text(failed.get("message"));
            errorStatus = (int) JsonTree.number(failed.get("code"), 500);
            return;
        }
        if (map.containsKey("prompt_progress")) {
            return;
        }
        List<@Nullable Object> choices = JsonTree.list(map.get("choices"));
        String token = choices.isEmpty()
                ? JsonTree.text(map.get("content"))
                : JsonTree.text(JsonTree.map(choices.get(0)).get("text"));
        if (!token.isEmpty()) {
            token(token);
        }
    }

    private void token(String token) {
        if (firstAt == 0) {
            firstAt = System.nanoTime();
            Map<String, @Nullable Object> thinking = new LinkedHashMap<>();
            thinking.put("thinking_time", firstAt - startedAt);
            thinking.put("thinking_time_format", Infer.format(firstAt - startedAt));
            emit(0, "start_emitting", "system", thinking);
        }
        text.append(token);
        emit(++tokens, token, "token", null);
    }

    private void emit(int number, String content, String type, @Nullable Map<String, @Nullable Object> data) {
        if (!streams) {
            return;
        }
        Map<String, @Nullable Object> event = new LinkedHashMap<>();
        event.put("num", number);
        event.put("content", content);
        event.put("msg_type", type);
        if (data != null) {
            event.put("data", data);
        }
        ByteBuf bytes = bytes("data: " + JsonTree.write(event) + "\n\n");
        underWay += bytes.readableBytes();
        next.onBody(bytes);
    }

    private static ByteBuf bytes(String text) {
        return Unpooled.wrappedBuffer(text.getBytes(StandardCharsets.UTF_8));
    }

    @Override
    public void onEnd(HttpHeaders trailers) {
        close();
        if (passing) {
            next.onEnd(trailers);
            return;
        }
        long now = System.nanoTime();
        long first = firstAt == 0 ? now : firstAt;
        Map<String, @Nullable Object> result = Infer.result(text.toString(), tokens, first - startedAt, now - first);
        String failed = error;
        if (streams) {
            if (failed != null) {
                emit(tokens + 1, failed, "error", null);
            } else {
                emit(tokens + 1, "result", "system", result);
            }
            next.onBody(bytes("data: [DONE]\n\n"));
            next.onEnd(trailers);
            return;
        }
        HttpHeaders headers = head;
        if (failed != null || headers == null) {
            int status = errorStatus >= 400 && errorStatus < 600 ? errorStatus : 500;
            next.onFailed(new Refusal(status, "server_error", "backend_failed", String.valueOf(failed), 0));
            return;
        }
        byte[] body = (JsonTree.write(result) + "\n").getBytes(StandardCharsets.UTF_8);
        headers.remove("transfer-encoding");
        headers.remove("cache-control");
        headers.remove("x-accel-buffering");
        headers.set("content-type", "application/json");
        headers.set("content-length", Integer.toString(body.length));
        next.onHead(200, headers);
        next.onBody(Unpooled.wrappedBuffer(body));
        next.onEnd(trailers);
    }

    @Override
    void close() {
        events.close();
    }
}
