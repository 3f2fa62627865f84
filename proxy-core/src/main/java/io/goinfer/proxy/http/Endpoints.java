// SPDX-License-Identifier: MIT
package io.goinfer.proxy.http;

import io.goinfer.proxy.config.Service;
import io.goinfer.proxy.exchange.HttpErrors;
import io.goinfer.proxy.keys.Role;
import io.goinfer.proxy.metrics.Metrics;
import io.goinfer.proxy.model.local.LocalModels;
import io.goinfer.proxy.route.Model;
import io.goinfer.proxy.route.Router;
import io.goinfer.proxy.upstream.Refusal;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.function.BooleanSupplier;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** The endpoint table: the first line that matches path and service serves. */
public final class Endpoints {
    private static final Set<String> GET = Set.of("GET", "HEAD");
    private static final Set<String> POST = Set.of("POST");
    private static final Set<Service> ANY = Set.of();
    private static final Set<Service> OPENAI = Set.of(Service.OPENAI, Service.LLAMA_SWAP);

    private static final Set<Service> SWAP = Set.of(Service.LLAMA_SWAP, Service.ADMIN);
    private static final Set<Service> LLAMA = Set.of(Service.OPENAI, Service.GOINFER, Service.LLAMA_SWAP);

    private final List<Endpoint> table;

    /** What llama-server serves besides /v1: the model is looked for in the body, or is the one that {@code ?model=} names. */
    private static final List<String> LLAMA_PATHS = List.of(
            "/completion",
            "/completions",
            "/chat/completions",
            "/infill",
            "/embedding",
            "/embeddings",
            "/rerank",
            "/reranking",
            "/tokenize",
            "/detokenize",
            "/apply-template",
            "/props");

    /** @param enroll null where no node can enrol */
    public Endpoints(
            Router router,
            LocalModels models,
            Metrics metrics,
            BooleanSupplier draining,
            @Nullable EnrollEndpoint enroll) {
        ModelEndpoints local = new ModelEndpoints(models, router);
        Endpoint.Handler noTunnel = call -> done(refuse(Refusal.notFound(call.path())));
        List<Endpoint> all = new ArrayList<>();
        all.addAll(List.of(
                new Endpoint("/health", GET, ANY, Role.NONE, call -> done(health(draining.getAsBoolean()))),
                new Endpoint(
                        EnrollEndpoint.PATH + "*",
                        POST,
                        Set.of(Service.TUNNEL),
                        Role.NONE,
                        enroll == null ? noTunnel : enroll::handle),
                new Endpoint("/v1/models", GET, OPENAI, Role.USER, call -> done(models(router))),
                new Endpoint("/v1/models/*", GET, OPENAI, Role.USER, call -> done(model(router, call.path()))),
                new Endpoint(
                        "/metrics",
                        GET,
                        Set.of(Service.ADMIN),
                        Role.METRICS,
                        call -> done(new Reply(200, "text/plain; version=0.0.4; charset=utf-8", metrics.text()))),
                new Endpoint("/models", GET, Set.of(Service.MODELS, Service.LLAMA_SWAP), Role.USER, local::models),
                new Endpoint("/running", GET, SWAP, Role.LLAMA_SWAP, local::running),
                new Endpoint("/unload", GET, SWAP, Role.LLAMA_SWAP, local::unloadAll),
                new Endpoint("/api/models/unload", POST, SWAP, Role.LLAMA_SWAP, local::unloadAll),
                new Endpoint("/api/models/unload/*", POST, SWAP, Role.LLAMA_SWAP, local::unload),
                new Endpoint("/logs", GET, SWAP, Role.LLAMA_SWAP, local::logs),
                new Endpoint("/logs/*", GET, SWAP, Role.LLAMA_SWAP, local::logs),
                new Endpoint("/api/version", GET, SWAP, Role.LLAMA_SWAP, local::version),
                new Endpoint(Upstreams.PREFIX + "*", Set.of(), SWAP, Role.LLAMA_SWAP, null),
                new Endpoint("/v1/*", Set.of(), OPENAI, Role.USER, null)));
        for (String path : LLAMA_PATHS) {
            all.add(new Endpoint(path, Set.of(), LLAMA, Role.USER, null));
        }
        table = List.copyOf(all);
    }

    /** Null: nothing is served there. */
    @Nullable
    Endpoint find(String path, Set<Service> services) {
        for (Endpoint endpoint : table) {
            boolean served = endpoint.services().isEmpty()
                    || endpoint.services().stream().anyMatch(services::contains);
            if (served && endpoint.matches(path)) {
                return endpoint;
            }
        }
        return null;
    }

    private static CompletableFuture<Reply> done(Reply reply) {
        return CompletableFuture.completedFuture(reply);
    }

    private static Reply health(boolean draining) {
        return draining ? Reply.json(503, "{\"status\":\"draining\"}") : Reply.json(200, "{\"status\":\"ok\"}");
    }

    private static Reply models(Router router) {
        String rows = router.catalog().models().stream()
                .filter(Model::listed)
                .map(Model::json)
                .collect(Collectors.joining(","));
        return Reply.json(200, "{\"object\":\"list\",\"data\":[" + rows + "]}");
    }

    private static Reply model(Router router, String path) {
        String id = java.net.URLDecoder.decode(
                path.substring("/v1/models/".length()).replace("+", "%2B"), java.nio.charset.StandardCharsets.UTF_8);
        Model model = router.catalog().find(id);
        return model == null || !model.listed() ? refuse(Refusal.unknownModel(id)) : Reply.json(200, model.json());
    }

    static Reply refuse(Refusal refusal) {
        return Reply.json(refusal.status(), HttpErrors.json(refusal));
    }
}
