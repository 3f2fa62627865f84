// SPDX-License-Identifier: MIT
package io.goinfer.proxy.metrics;

import io.goinfer.proxy.json.JsonTree;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** The last requests to models, in memory. Thread-safe. */
public final class Activity {
    /** One request that is over. */
    public record Row(
            long id,
            Instant time,
            String model,
            String node,
            String path,
            String contentType,
            int status,
            Usage usage,
            long millis,
            String error,
            boolean captured) {
        /** As llama-swap's API shows it. */
        public Map<String, @Nullable Object> json() {
            Map<String, @Nullable Object> tokens = new LinkedHashMap<>();
            tokens.put("cache_tokens", usage.cacheTokens());
            tokens.put("draft_tokens", usage.draftTokens());
            tokens.put("draft_acc_tokens", usage.draftAccepted());
            tokens.put("input_tokens", usage.inputTokens());
            tokens.put("output_tokens", usage.outputTokens());
            tokens.put("prompt_per_second", number(usage.promptPerSecond()));
            tokens.put("tokens_per_second", number(usage.tokensPerSecond()));
            Map<String, @Nullable Object> row = new LinkedHashMap<>();
            row.put("id", id);
            row.put(
                    "timestamp",
                    time.truncatedTo(java.time.temporal.ChronoUnit.SECONDS).toString());
            row.put("model", model);
            row.put("node", node);
            row.put("req_path", path);
            row.put("resp_content_type", contentType);
            row.put("resp_status_code", status);
            row.put("tokens", tokens);
            row.put("duration_ms", millis);
            row.put("has_capture", captured);
            if (!error.isEmpty()) {
                row.put("error_msg", error);
            }
            return row;
        }

        /** As version 0.162 showed it. */
        public Map<String, @Nullable Object> flat() {
            Map<String, @Nullable Object> row = new LinkedHashMap<>();
            row.put("id", id);
            row.put("timestamp", time.toString());
            row.put("model", model);
            row.put("cache_tokens", usage.cacheTokens());
            row.put("input_tokens", usage.inputTokens());
            row.put("output_tokens", usage.outputTokens());
            row.put("prompt_per_second", number(usage.promptPerSecond()));
            row.put("tokens_per_second", number(usage.tokensPerSecond()));
            row.put("duration_ms", millis);
            return row;
        }

        private static JsonTree.Number number(double value) {
            return new JsonTree.Number(
                    value == Math.rint(value) ? Long.toString((long) value) : Double.toString(value));
        }
    }

    private final int size;
    private final Deque<Row> rows = new ArrayDeque<>();
    private final List<Consumer<Row>> listeners = new CopyOnWriteArrayList<>();
    private long lastId;

    /** @param size rows that are kept */
    public Activity(int size) {
        this.size = size;
    }

    /** Gives it its id, and returns that. */
    public long add(
            String model,
            String node,
            String path,
            String contentType,
            int status,
            Usage usage,
            long millis,
            String error,
            boolean captured) {
        long longest = Math.max(millis, Math.round(usage.millis()));
        Row row;
        synchronized (this) {
            row = new Row(
                    ++lastId, Instant.now(), model, node, path, contentType, status, usage, longest, error, captured);
            rows.addLast(row);
            if (rows.size() > size) {
                rows.removeFirst();
            }
        }
        listeners.forEach(listener -> listener.accept(row));
        return row.id();
    }

    /** Oldest first. */
    public synchronized List<Row> rows() {
        return new ArrayList<>(rows);
    }

    /** Told on the thread that added it. Run the result to end it. */
    public Runnable listen(Consumer<Row> listener) {
        listeners.add(listener);
        return () -> listeners.remove(listener);
    }
}
