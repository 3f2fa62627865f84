// SPDX-License-Identifier: MIT
package io.goinfer.proxy.control;

import io.goinfer.proxy.json.JsonTree;
import io.goinfer.proxy.upstream.Refusal;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/**
 * An answer of our own.
 *
 * @param body the whole of it, or its beginning where more follows
 * @param stream what writes the rest, or null
 * @param headers more fields
 */
public record Reply(
        int status,
        String contentType,
        byte[] body,
        @Nullable Stream stream,
        Map<String, String> headers) {
    /** Goes on writing until it ends or is ended. */
    public interface Stream {
        /** Starts; runs on the reader's loop. The result, run once on that loop, ends it. */
        Runnable start(Sink sink);
    }

    /** Who reads. May be called on any thread. */
    public interface Sink {
        /** What a reader is too slow for is dropped, and counted. */
        void write(byte[] bytes);

        void end();
    }

    public Reply(int status, String contentType, byte[] body) {
        this(status, contentType, body, null, Map.of());
    }

    public static Reply json(int status, String json) {
        return new Reply(status, "application/json", json.getBytes(StandardCharsets.UTF_8));
    }

    public static Reply json(@Nullable Object tree) {
        return json(200, JsonTree.write(tree));
    }

    public static Reply text(String text) {
        return new Reply(200, "text/plain; charset=utf-8", text.getBytes(StandardCharsets.UTF_8));
    }

    public static Reply stream(String contentType, byte[] beginning, Stream stream) {
        return new Reply(
                200, contentType, beginning, stream, Map.of("x-accel-buffering", "no", "cache-control", "no-cache"));
    }

    public static Reply refuse(Refusal refusal) {
        return json(refusal.status(), Errors.json(refusal));
    }

    public CompletionStage<Reply> now() {
        return CompletableFuture.completedFuture(this);
    }
}
