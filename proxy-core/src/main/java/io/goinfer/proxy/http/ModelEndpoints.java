// SPDX-License-Identifier: MIT
package io.goinfer.proxy.http;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import io.goinfer.proxy.model.local.LocalModels;
import io.goinfer.proxy.model.process.LogRing;
import io.goinfer.proxy.route.Model;
import io.goinfer.proxy.route.Router;
import io.goinfer.proxy.upstream.Refusal;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/** llama-swap's and goinfer's paths about the models of this machine. */
final class ModelEndpoints {
    private static final JsonFactory JSON = new JsonFactory();

    private final LocalModels models;
    private final Router router;

    ModelEndpoints(LocalModels models, Router router) {
        this.models = models;
        this.router = router;
    }

    private interface Writer {
        void write(JsonGenerator out) throws IOException;
    }

    private static Reply json(Writer writer) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (JsonGenerator out = JSON.createGenerator(bytes)) {
            writer.write(out);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return new Reply(200, "application/json", bytes.toByteArray());
    }

    private static CompletionStage<Reply> done(Reply reply) {
        return CompletableFuture.completedFuture(reply);
    }

    /** Every model that is not stopped. */
    CompletionStage<Reply> running(Endpoint.Call call) {
        return done(json(out -> {
            out.writeStartObject();
            out.writeArrayFieldStart("running");
            for (LocalModels.Status one : models.statuses()) {
                if (!one.state().equals("stopped")) {
                    out.writeStartObject();
                    out.writeStringField("model", one.model().id());
                    out.writeStringField("state", one.state());
                    out.writeStringField("cmd", String.join(" ", one.command()));
                    out.writeStringField("proxy", one.proxy());
                    out.writeNumberField("ttl", one.model().ttl().toSeconds());
                    out.writeStringField("name", one.model().name());
                    out.writeStringField("description", one.model().description());
                    out.writeNumberField("pid", one.pid());
                    out.writeEndObject();
                }
            }
            out.writeEndArray();
            out.writeEndObject();
        }));
    }

    /** goinfer's list: what can be called, and what lies on this machine's disk. */
    CompletionStage<Reply> models(Endpoint.Call call) {
        List<Model> callable =
                router.catalog().models().stream().filter(Model::listed).toList();
        return done(json(out -> {
            out.writeStartObject();
            out.writeStringField("object", "list");
            out.writeArrayFieldStart("data");
            for (Model model : callable) {
                out.writeRawValue(model.json());
            }
            out.writeEndArray();
            out.writeNumberField("count", callable.size());
            out.writeObjectFieldStart("models");
            for (LocalModels.Status one : models.statuses()) {
                out.writeObjectFieldStart(one.model().id());
                out.writeNumberField("size", one.model().bytes());
                out.writeStringField("state", one.state());
                String error = one.model().error().isEmpty()
                        ? one.failure()
                        : one.model().error();
                if (!error.isEmpty()) {
                    out.writeStringField("error", error);
                }
                out.writeEndObject();
            }
            out.writeEndObject();
            out.writeEndObject();
        }));
    }

    CompletionStage<Reply> unloadAll(Endpoint.Call call) {
        boolean api = call.path().startsWith("/api/");
        return models.unloadAll().thenApply(nothing -> api ? Reply.json(200, "{\"msg\":\"ok\"}") : ok());
    }

    CompletionStage<Reply> unload(Endpoint.Call call) {
        String name = rest(call.path(), "/api/models/unload/");
        return models.knows(name)
                ? models.unload(name).thenApply(nothing -> ok())
                : done(Endpoints.refuse(Refusal.unknownModel(name)));
    }

    /** {@code /logs} of all models, {@code /logs/MODEL} of one. */
    CompletionStage<Reply> logs(Endpoint.Call call) {
        String name = call.path().equals("/logs") ? "" : rest(call.path(), "/logs/");
        if (!name.isEmpty()) {
            LogRing log = models.log(name);
            return done(
                    log == null
                            ? Endpoints.refuse(Refusal.unknownModel(name))
                            : new Reply(200, "text/plain; charset=utf-8", log.bytes()));
        }
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        for (LocalModels.Status one : models.statuses()) {
            LogRing log = models.log(one.model().id());
            if (log != null) {
                all.writeBytes(log.bytes());
            }
        }
        return done(new Reply(200, "text/plain; charset=utf-8", all.toByteArray()));
    }

    CompletionStage<Reply> version(Endpoint.Call call) {
        String version = ModelEndpoints.class.getPackage().getImplementationVersion();
        return done(json(out -> {
            out.writeStartObject();
            out.writeStringField("version", version == null ? "development" : version);
            out.writeStringField("commit", "");
            out.writeStringField("build_date", "");
            out.writeEndObject();
        }));
    }

    private static Reply ok() {
        return new Reply(200, "text/plain; charset=utf-8", "OK".getBytes(StandardCharsets.UTF_8));
    }

    private static String rest(String path, String prefix) {
        return URLDecoder.decode(path.substring(prefix.length()).replace("+", "%2B"), StandardCharsets.UTF_8);
    }
}
