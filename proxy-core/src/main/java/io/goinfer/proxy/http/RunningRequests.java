// SPDX-License-Identifier: MIT
package io.goinfer.proxy.http;

import java.net.InetAddress;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;

/** Requests to models that run or wait at this process's edges: to be listed, and to be ended by somebody else than their client. Thread-safe. */
final class RunningRequests {
    /** What happens to a list of them. */
    enum Operation {
        UPSERT,
        REMOVE
    }

    /**
     * One of them.
     *
     * @param key id of the key that it came with
     * @param cancel ends it; on any thread
     */
    record Entry(
            String id, Instant since, String method, String path, InetAddress client, String key, Runnable cancel) {
        Map<String, @Nullable Object> json(String model) {
            Map<String, @Nullable Object> row = new LinkedHashMap<>();
            row.put("id", id);
            row.put("timestamp", since.toString());
            row.put("model", model);
            row.put("req_path", path);
            row.put("method", method);
            row.put("remote_ip", client.getHostAddress());
            row.put(
                    "elapsed_ms",
                    java.time.Duration.between(since, Instant.now()).toMillis());
            return row;
        }
    }

    private final Map<String, Entry> all = new ConcurrentHashMap<>();
    private final Map<String, String> models = new ConcurrentHashMap<>();
    private final List<BiConsumer<Operation, Entry>> listeners = new CopyOnWriteArrayList<>();

    void add(Entry entry) {
        all.put(entry.id(), entry);
        tell(Operation.UPSERT, entry);
    }

    /** Where it goes is known now. */
    void at(Entry entry, String model) {
        models.put(entry.id(), model);
        tell(Operation.UPSERT, entry);
    }

    void remove(Entry entry) {
        // Another request may have taken the same id.
        all.remove(entry.id(), entry);
        tell(Operation.REMOVE, entry);
        models.remove(entry.id());
    }

    private void tell(Operation operation, Entry entry) {
        if (!listeners.isEmpty()) {
            listeners.forEach(listener -> listener.accept(operation, entry));
        }
    }

    String model(Entry entry) {
        return models.getOrDefault(entry.id(), "");
    }

    List<Entry> list() {
        return new ArrayList<>(all.values());
    }

    boolean cancel(String id) {
        Entry entry = all.get(id);
        if (entry != null) {
            entry.cancel().run();
        }
        return entry != null;
    }

    /** Run the result to end it. */
    Runnable listen(BiConsumer<Operation, Entry> listener) {
        listeners.add(listener);
        return () -> listeners.remove(listener);
    }
}
