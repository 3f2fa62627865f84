// SPDX-License-Identifier: MIT
package io.goinfer.proxy.model.llama;

import io.goinfer.proxy.json.JsonTree;
import io.goinfer.proxy.upstream.Refusal;
import io.goinfer.proxy.upstream.Upstream.Response;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.handler.codec.http.HttpHeaders;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.function.IntConsumer;
import org.jspecify.annotations.Nullable;

/**
 * Makes one JSON answer of a stream of events. The head waits for the end, so that an error in the stream still becomes a status. Whatever is no stream
 * passes as it is.
 */
final class Folded extends ResponseFilter {
    /** An answer that is held whole must end somewhere. */
    private static final int MAX_ANSWER = 64 << 20;

    /** Gets the events in order. */
    interface Folder {
        /** @throws IOException if it cannot be what the API says */
        void event(Map<String, @Nullable Object> event) throws IOException;

        /** The whole answer; called once, at the end. @throws IOException if the stream was not complete */
        Map<String, @Nullable Object> answer() throws IOException;
    }

    private final Folder folder;
    private final SseReader events = new SseReader();
    private @Nullable HttpHeaders head;
    private @Nullable Map<String, @Nullable Object> error;
    private int received;
    private boolean broken;

    Folded(Response next, IntConsumer consumed, Folder folder) {
        super(next, consumed);
        this.folder = folder;
    }

    @Override
    public void onHead(int status, HttpHeaders headers) {
        String type = headers.get("content-type");
        if (status == 200 && type != null && type.startsWith("text/event-stream")) {
            head = headers;
        } else {
            next.onHead(status, headers);
        }
    }

    @Override
    public void onBody(ByteBuf content) {
        if (head == null) {
            next.onBody(content);
            return;
        }
        int size = content.readableBytes();
        received += size;
        try {
            if (received > MAX_ANSWER) {
                broken = true;
            } else {
                events.read(content, this::event);
            }
        } finally {
            content.release();
        }
        consumed.accept(size);
    }

    private void event(ByteBuf event) {
        byte[] data = SseReader.data(event);
        if (data == null || broken || isDone(data)) {
            return;
        }
        try {
            Object value = JsonTree.read(data);
            if (value == null) {
                // llama-server begins some streams with a literal null.
                return;
            }
            Map<String, @Nullable Object> map = JsonTree.map(value);
            if (map.get("error") instanceof Map<?, ?>) {
                error = map;
            } else if (!map.containsKey("prompt_progress")) {
                folder.event(map);
            }
        } catch (IOException e) {
            broken = true;
        }
    }

    private static boolean isDone(byte[] data) {
        return data.length == 6 && new String(data, StandardCharsets.US_ASCII).equals("[DONE]");
    }

    @Override
    public void onEnd(HttpHeaders trailers) {
        HttpHeaders headers = head;
        close();
        if (headers == null) {
            next.onEnd(trailers);
            return;
        }
        Map<String, @Nullable Object> failed = error;
        try {
            if (broken) {
                throw new IOException("not an event stream of this API");
            }
            int status = failed == null ? 200 : status(JsonTree.map(failed.get("error")));
            byte[] body =
                    JsonTree.write(failed == null ? folder.answer() : failed).getBytes(StandardCharsets.UTF_8);
            headers.remove("transfer-encoding");
            headers.remove("x-accel-buffering");
            headers.remove("cache-control");
            headers.set("content-type", "application/json; charset=utf-8");
            headers.set("content-length", Integer.toString(body.length));
            next.onHead(status, headers);
            next.onBody(Unpooled.wrappedBuffer(body));
            next.onEnd(trailers);
        } catch (IOException e) {
            next.onFailed(Refusal.backendFailed("the backend's answer broke off: " + e.getMessage()));
        }
    }

    private static int status(Map<String, @Nullable Object> error) {
        long code = JsonTree.number(error.get("code"), 500);
        return code >= 400 && code <= 599 ? (int) code : 500;
    }

    @Override
    void close() {
        events.close();
    }
}
