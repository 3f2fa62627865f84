// SPDX-License-Identifier: MIT
package io.goinfer.proxy.control;

import io.goinfer.proxy.config.swap.SwapConfig.Profile;
import io.goinfer.proxy.json.JsonTree;
import io.goinfer.proxy.model.local.LocalModels;
import io.goinfer.proxy.model.local.LocalState.Status;
import io.goinfer.proxy.model.process.LogRing;
import io.goinfer.proxy.upstream.Refusal;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/** llama-swap's and goinfer's paths about this machine and its models: one table. */
public final class ModelControl {
    private static final String LOG_STREAM = "/logs/stream";

    /** Answers one path. */
    public interface Handler {
        CompletionStage<Reply> handle(Call call);
    }

    private record Line(Set<String> methods, String path, Handler handler) {
        boolean matches(String method, String asked) {
            boolean fits =
                    path.endsWith("*") ? asked.startsWith(path.substring(0, path.length() - 1)) : path.equals(asked);
            return fits && methods.contains(method);
        }
    }

    private static final Set<String> GET = Set.of("GET", "HEAD");
    private static final Set<String> POST = Set.of("POST");
    private static final Set<String> PUT = Set.of("PUT");

    private final LocalModels models;
    private final List<Line> table;

    public ModelControl(LocalModels models, Reloader reloader, MachineControl machine) {
        this.models = models;
        this.table = List.of(
                new Line(GET, "/running", call -> running(call).now()),
                new Line(GET, "/models", call -> files(call).now()),
                new Line(GET, "/unload", call -> models.unloadAll().thenApply(done -> Reply.text("OK"))),
                new Line(
                        POST,
                        "/api/models/unload",
                        call -> models.unloadAll().thenApply(done -> Reply.json(200, "{\"msg\":\"ok\"}"))),
                new Line(POST, "/api/models/unload/*", this::unload),
                new Line(POST, "/api/models/load/*", this::load),
                new Line(GET, "/logs", call -> logs(call).now()),
                new Line(GET, LOG_STREAM, call -> stream(call).now()),
                new Line(GET, LOG_STREAM + "/*", call -> stream(call).now()),
                new Line(GET, "/logs/*", call -> logs(call).now()),
                new Line(GET, "/api/profiles", call -> profiles().now()),
                new Line(PUT, "/api/profiles/active", this::activate),
                new Line(POST, "/api/config/reload", call -> reloader.reply()),
                new Line(GET, "/api/performance", machine::performance),
                new Line(GET, "/api/hardware", call -> machine.hardware()));
    }

    /** Null: nothing is served there. */
    public @Nullable Handler find(String method, String path) {
        for (Line line : table) {
            if (line.matches(method, path)) {
                return line.handler();
            }
        }
        return null;
    }

    public LocalModels models() {
        return models;
    }

    /** Every model that is not stopped. */
    private Reply running(Call call) {
        List<Object> rows = new ArrayList<>();
        for (Status one : models.state().statuses()) {
            if (!one.isStopped()) {
                Map<String, @Nullable Object> row = new LinkedHashMap<>();
                row.put("model", one.model().id());
                row.put("state", one.state());
                row.put("cmd", call.admin() ? Hidden.secrets(one.command()) : "");
                row.put("proxy", one.proxy());
                row.put("ttl", one.model().residency().ttl().toSeconds());
                row.put("name", one.model().listing().name());
                row.put("description", one.model().listing().description());
                row.put("pid", one.pid());
                rows.add(row);
            }
        }
        return Reply.json(Map.of("running", rows));
    }

    /** What lies on this machine's disk or is configured here. */
    private Reply files(Call call) {
        Map<String, @Nullable Object> all = new LinkedHashMap<>();
        for (Status one : models.state().statuses()) {
            boolean twin =
                    !one.model().listing().listed() && one.model().error().isEmpty();
            if (twin) {
                continue;
            }
            Map<String, @Nullable Object> row = new LinkedHashMap<>();
            if (one.model().listing().bytes() > 0) {
                row.put("size", one.model().listing().bytes());
            }
            if (call.admin()) {
                row.put("path", one.model().listing().path());
                row.put("flags", Hidden.secrets(one.model().start().command()));
            }
            row.put("state", one.state());
            String error =
                    one.model().error().isEmpty() ? one.failure() : one.model().error();
            if (!error.isEmpty()) {
                row.put("error", error);
            }
            all.put(one.model().id(), row);
        }
        return Reply.json(Map.of("models", all));
    }

    private CompletionStage<Reply> unload(Call call) {
        String name = call.rest("/api/models/unload/");
        return models.knows(name)
                ? models.unload(name).thenApply(done -> Reply.text("OK"))
                : Reply.refuse(Refusal.unknownModel(name)).now();
    }

    private CompletionStage<Reply> load(Call call) {
        String name = call.rest("/api/models/load/");
        return models.knows(name)
                ? models.load(name).thenApply(done -> Reply.text("OK"))
                : Reply.refuse(Refusal.unknownModel(name)).now();
    }

    // ---- logs

    /** {@code /logs} of all models, {@code /logs/MODEL} of one. */
    private Reply logs(Call call) {
        String name = call.rest("/logs/");
        List<LogRing> rings = rings(name);
        if (rings.isEmpty() && !name.isEmpty()) {
            return Reply.refuse(Refusal.unknownModel(name));
        }
        return new Reply(200, "text/plain; charset=utf-8", history(rings));
    }

    /** What was written, then what is being written: of all ({@code upstream}, nothing) or of one model. */
    private Reply stream(Call call) {
        String name = call.rest(LOG_STREAM + "/");
        List<LogRing> rings = rings(name.equals("upstream") ? "" : name);
        if (rings.isEmpty() && !name.isEmpty() && !name.equals("upstream")) {
            return Reply.refuse(
                    Refusal.invalid("bad_request", "invalid logger. Use 'proxy', 'upstream' or a model's ID"));
        }
        byte[] before = call.query().containsKey("no-history") ? new byte[0] : history(rings);
        return Reply.stream("text/plain; charset=utf-8", before, sink -> {
            List<Runnable> ends =
                    rings.stream().map(ring -> ring.listen(sink::write)).toList();
            return () -> ends.forEach(Runnable::run);
        });
    }

    /** @param name "" = of all */
    private List<LogRing> rings(String name) {
        List<LogRing> rings = new ArrayList<>();
        if (!name.isEmpty()) {
            LogRing ring = models.log(name);
            return ring == null ? List.of() : List.of(ring);
        }
        for (Status one : models.state().statuses()) {
            LogRing ring = models.log(one.model().id());
            if (ring != null) {
                rings.add(ring);
            }
        }
        return rings;
    }

    private static byte[] history(List<LogRing> rings) {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        LogRing.history(rings).forEach(all::writeBytes);
        return all.toByteArray();
    }

    // ---- profiles

    private Reply profiles() {
        List<Object> rows = new ArrayList<>();
        for (Profile profile : models.profiles().values()) {
            Map<String, @Nullable Object> row = new LinkedHashMap<>();
            row.put("id", profile.name());
            row.put("description", profile.description());
            row.put("pins", profile.pins());
            rows.add(row);
        }
        Map<String, @Nullable Object> all = new LinkedHashMap<>();
        all.put("active", models.state().profile());
        all.put("profiles", rows);
        return Reply.json(all);
    }

    private CompletionStage<Reply> activate(Call call) {
        Map<String, @Nullable Object> body;
        try {
            body = JsonTree.object(call.body());
        } catch (IOException e) {
            return Reply.refuse(Refusal.invalid("bad_request", "expected {\"name\":\"PROFILE\"} or {\"name\":null}"))
                    .now();
        }
        Object name = body.get("name");
        if (!body.containsKey("name") || name != null && !(name instanceof String)) {
            return Reply.refuse(Refusal.invalid("bad_request", "name: expected a profile, or null"))
                    .now();
        }
        return models.activate((String) name).thenApply(known -> {
            if (!known) {
                return Reply.refuse(new Refusal(404, "invalid_request_error", "not_found", "no profile " + name, 0));
            }
            Map<String, @Nullable Object> answer = new LinkedHashMap<>();
            answer.put("active", name);
            return Reply.json(answer);
        });
    }
}
