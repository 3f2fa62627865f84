// SPDX-License-Identifier: MIT
package io.goinfer.proxy.http;

import io.goinfer.proxy.control.Reply;
import io.goinfer.proxy.json.JsonTree;
import io.goinfer.proxy.metrics.Activity;
import io.goinfer.proxy.model.local.LocalModels;
import io.goinfer.proxy.model.local.LocalState.Status;
import io.goinfer.proxy.model.process.LogRing;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import org.jspecify.annotations.Nullable;

/** llama-swap's {@code /api/events}: the state of the models, logs, running requests and activity as they change. Thread-safe. */
final class EventStream {
    private final LocalModels models;
    private final Activity activity;
    private final RunningRequests running;
    private final List<Open> open = new CopyOnWriteArrayList<>();

    EventStream(LocalModels models, Activity activity, RunningRequests running) {
        this.models = models;
        this.activity = activity;
        this.running = running;
        models.onChange(() -> {
            if (!open.isEmpty()) {
                byte[] status = event("modelStatus", statuses());
                open.forEach(one -> one.changed(status));
            }
        });
    }

    Reply open() {
        ByteArrayOutputStream first = new ByteArrayOutputStream();
        LogRing.history(rings()).forEach(bytes -> first.writeBytes(log(bytes)));
        first.writeBytes(event("modelStatus", statuses()));
        first.writeBytes(event("profileChanged", profile()));
        first.writeBytes(event(
                "metrics", activity.rows().stream().map(Activity.Row::flat).toList()));
        Map<String, @Nullable Object> snapshot = new LinkedHashMap<>();
        snapshot.put("operation", "snapshot");
        snapshot.put(
                "requests",
                running.list().stream()
                        .map(entry -> entry.json(running.model(entry)))
                        .toList());
        first.writeBytes(event("inflight", snapshot));
        return Reply.stream("text/event-stream", first.toByteArray(), sink -> {
            Open one = new Open(sink);
            open.add(one);
            one.start();
            return () -> {
                open.remove(one);
                one.end();
            };
        });
    }

    private final class Open {
        private final Reply.Sink sink;
        private final Map<LogRing, Runnable> heard = new HashMap<>();
        private final List<Runnable> ends = new ArrayList<>();

        Open(Reply.Sink sink) {
            this.sink = sink;
        }

        void start() {
            hear();
            ends.add(activity.listen(row -> {
                sink.write(event("activity", Map.of("id", row.id())));
                sink.write(event("metrics", List.of(row.flat())));
            }));
            ends.add(running.listen((operation, entry) -> {
                Map<String, @Nullable Object> change = new LinkedHashMap<>();
                boolean removed = operation == RunningRequests.Operation.REMOVE;
                change.put("operation", removed ? "remove" : "upsert");
                change.put(removed ? "id" : "request", removed ? entry.id() : entry.json(running.model(entry)));
                sink.write(event("inflight", change));
            }));
        }

        void changed(byte[] status) {
            sink.write(status);
            hear();
        }

        /** Models that came since are listened to as well. */
        private synchronized void hear() {
            heard.keySet().removeIf(LogRing::isClosed);
            for (LogRing ring : rings()) {
                heard.computeIfAbsent(ring, one -> one.listen(bytes -> sink.write(log(bytes))));
            }
        }

        synchronized void end() {
            heard.values().forEach(Runnable::run);
            ends.forEach(Runnable::run);
        }
    }

    private List<LogRing> rings() {
        List<LogRing> rings = new ArrayList<>();
        for (Status one : models.state().statuses()) {
            LogRing ring = models.log(one.model().id());
            if (ring != null) {
                rings.add(ring);
            }
        }
        return rings;
    }

    private List<Object> statuses() {
        List<Object> rows = new ArrayList<>();
        for (Status one : models.state().statuses()) {
            Map<String, @Nullable Object> row = new LinkedHashMap<>();
            row.put("id", one.model().id());
            row.put("name", one.model().listing().name());
            row.put("description", one.model().listing().description());
            row.put("state", one.state());
            row.put("unlisted", !one.model().listing().listed());
            row.put("peerID", "");
            if (!one.model().names().isEmpty()) {
                row.put("aliases", one.model().names());
            }
            rows.add(row);
        }
        return rows;
    }

    private Map<String, @Nullable Object> profile() {
        Map<String, @Nullable Object> profile = new LinkedHashMap<>();
        profile.put("active", models.state().profile());
        return profile;
    }

    private static byte[] log(byte[] bytes) {
        Map<String, @Nullable Object> data = new LinkedHashMap<>();
        data.put("source", "upstream");
        data.put("data", new String(bytes, StandardCharsets.UTF_8));
        return event("logData", data);
    }

    /** The data of an event is JSON in a JSON string. */
    private static byte[] event(String type, Object data) {
        Map<String, @Nullable Object> event = new LinkedHashMap<>();
        event.put("type", type);
        event.put("data", JsonTree.write(data));
        return ("event:message\ndata:" + JsonTree.write(event) + "\n\n").getBytes(StandardCharsets.UTF_8);
    }
}
