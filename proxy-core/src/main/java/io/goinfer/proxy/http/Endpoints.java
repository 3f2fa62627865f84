// SPDX-License-Identifier: MIT
package io.goinfer.proxy.http;

import io.goinfer.proxy.config.Service;
import io.goinfer.proxy.control.Call;
import io.goinfer.proxy.control.ModelControl;
import io.goinfer.proxy.control.Reply;
import io.goinfer.proxy.json.JsonTree;
import io.goinfer.proxy.keys.Role;
import io.goinfer.proxy.metrics.Metrics;
import io.goinfer.proxy.net.EventLoops;
import io.goinfer.proxy.route.Model;
import io.goinfer.proxy.route.Router;
import io.goinfer.proxy.upstream.Refusal;
import io.goinfer.proxy.upstream.Upstream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletionStage;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** The endpoint table: the first line that matches path and service serves. */
public final class Endpoints {
    private static final Set<String> GET = Set.of("GET", "HEAD");
    private static final Set<String> POST = Set.of("POST");
    private static final Set<String> PUT = Set.of("PUT");
    private static final Set<String> BOTH = Set.of("GET", "HEAD", "POST");
    private static final Set<String> ALL = Set.of();
    private static final Set<Service> ANY = Set.of();
    private static final Set<Service> OPENAI = Set.of(Service.OPENAI, Service.LLAMA_SWAP);
    private static final Set<Service> SWAP = Set.of(Service.LLAMA_SWAP, Service.ADMIN);
    private static final Set<Service> LLAMA = Set.of(Service.OPENAI, Service.GOINFER, Service.LLAMA_SWAP);
    private static final Set<Service> GOINFER = Set.of(Service.GOINFER);
    private static final Set<Service> ADMIN = Set.of(Service.ADMIN);

    /** What llama-server serves besides /v1: the model is looked for in the body, or is the one that {@code ?model=} names. */
    static final List<String> LLAMA_PATHS = List.of(
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
            "/apply-template");

    /** Image and audio servers that llama-swap knows, with the model in the body or the query. */
    private static final List<String> OTHER_PATHS = List.of("/sdapi/v1/*", "/audioapi/v1/*", "/v/*");

    private final List<Endpoint> table;

    /**
     * @param nodes the ways to what connected nodes answer themselves, by name
     * @param enroll null where no node can enrol
     */
    public Endpoints(
            Router router,
            ModelControl control,
            Supplier<Map<String, Upstream>> nodes,
            Requests requests,
            Metrics metrics,
            BooleanSupplier draining,
            @Nullable EnrollEndpoint enroll,
            EventLoops loops) {
        FleetControl fleet = new FleetControl(control, nodes, router, loops);
        RunningRequests running = requests.running();
        ActivityEndpoints activity = new ActivityEndpoints(requests.activity(), requests.captures());
        EventStream events = new EventStream(control.models(), requests.activity(), running);
        Endpoint.Handler noTunnel =
                (call, caller) -> Reply.refuse(Refusal.notFound(call.path())).now();
        Endpoint.Handler whole = (call, caller) -> fleet.handle(call);
        InferAbort abort = new InferAbort(running);
        List<Endpoint> all = new ArrayList<>();
        all.addAll(List.of(
                new Endpoint(
                        "/health",
                        GET,
                        ANY,
                        Role.NONE,
                        (call, caller) -> health(draining.getAsBoolean()).now()),
                new Endpoint(
                        "/wol-health",
                        GET,
                        ANY,
                        Role.NONE,
                        (call, caller) -> Reply.text("OK").now()),
                new Endpoint(
                        EnrollEndpoint.PATH + "*",
                        POST,
                        Set.of(Service.TUNNEL),
                        Role.NONE,
                        enroll == null ? noTunnel : enroll::handle),
                new Endpoint(
                        "/v1/models",
                        GET,
                        OPENAI,
                        Role.USER,
                        (call, caller) -> models(router).now()),
                new Endpoint(
                        "/v1/models/*",
                        GET,
                        OPENAI,
                        Role.USER,
                        (call, caller) -> model(router, call).now()),
                new Endpoint(
                        "/models",
                        GET,
                        Set.of(Service.OPENAI, Service.LLAMA_SWAP),
                        Role.USER,
                        (call, caller) -> files(router, fleet, call, true)),
                new Endpoint(
                        "/models",
                        GET,
                        Set.of(Service.MODELS),
                        Role.USER,
                        (call, caller) -> files(router, fleet, call, false)),
                new Endpoint(
                        "/metrics",
                        GET,
                        ADMIN,
                        Role.METRICS,
                        (call, caller) ->
                                new Reply(200, "text/plain; version=0.0.4; charset=utf-8", metrics.text()).now()),
                new Endpoint("/infer", POST, GOINFER, Role.USER, null),
                new Endpoint("/infer/abort", BOTH, GOINFER, Role.USER, abort::handle)));
        all.addAll(List.of(
                new Endpoint("/running", GET, SWAP, Role.LLAMA_SWAP, whole),
                new Endpoint("/unload", GET, SWAP, Role.LLAMA_SWAP, whole),
                new Endpoint("/api/models/unload", POST, SWAP, Role.LLAMA_SWAP, whole),
                new Endpoint("/api/models/unload/*", POST, SWAP, Role.LLAMA_SWAP, whole),
                new Endpoint("/api/models/load/*", POST, SWAP, Role.LLAMA_SWAP, whole),
                new Endpoint("/logs", GET, SWAP, Role.LLAMA_SWAP, whole),
                new Endpoint("/logs/*", GET, SWAP, Role.LLAMA_SWAP, whole),
                new Endpoint("/api/profiles", GET, SWAP, Role.LLAMA_SWAP, whole),
                new Endpoint("/api/profiles/active", PUT, SWAP, Role.LLAMA_SWAP, whole),
                new Endpoint("/api/config/reload", POST, ADMIN, Role.ADMIN, whole),
                new Endpoint(
                        "/api/version",
                        GET,
                        SWAP,
                        Role.LLAMA_SWAP,
                        (call, caller) -> version().now()),
                new Endpoint(
                        "/api/events",
                        GET,
                        SWAP,
                        Role.LLAMA_SWAP,
                        (call, caller) -> events.open().now()),
                new Endpoint(
                        "/api/metrics",
                        GET,
                        SWAP,
                        Role.LLAMA_SWAP,
                        (call, caller) -> activity.flat().now()),
                new Endpoint(
                        "/api/metrics/activity",
                        GET,
                        SWAP,
                        Role.LLAMA_SWAP,
                        (call, caller) -> activity.page(call).now()),
                new Endpoint(
                        "/api/metrics/stats",
                        GET,
                        SWAP,
                        Role.LLAMA_SWAP,
                        (call, caller) -> activity.stats(call).now()),
                new Endpoint("/api/captures/*", GET, SWAP, Role.LLAMA_SWAP, (call, caller) -> activity.capture(call)),
                new Endpoint("/api/performance", GET, SWAP, Role.LLAMA_SWAP, whole),
                new Endpoint("/api/hardware", GET, SWAP, Role.LLAMA_SWAP, whole),
                new Endpoint("/api/inflight/*", POST, SWAP, Role.LLAMA_SWAP, abort::cancel),
                new Endpoint(Upstreams.PREFIX + "*", ALL, SWAP, Role.USER, null),
                new Endpoint(Upstreams.COMFY, ALL, SWAP, Role.LLAMA_SWAP, null),
                new Endpoint(Upstreams.COMFY + "/*", ALL, SWAP, Role.LLAMA_SWAP, null),
                new Endpoint("/v1/*", ALL, OPENAI, Role.USER, null),
                new Endpoint("/props", GET, LLAMA, Role.USER, null),
                new Endpoint("/props", POST, LLAMA, Role.ADMIN, null),
                new Endpoint("/slots", ALL, LLAMA, Role.ADMIN, null),
                new Endpoint("/slots/*", ALL, LLAMA, Role.ADMIN, null),
                new Endpoint("/lora-adapters", ALL, LLAMA, Role.ADMIN, null)));
        LLAMA_PATHS.forEach(path -> all.add(new Endpoint(path, ALL, LLAMA, Role.USER, null)));
        OTHER_PATHS.forEach(path -> all.add(new Endpoint(path, ALL, OPENAI, Role.USER, null)));
        table = List.copyOf(all);
    }

    /** Null: nothing is served there. A line for another method of the path is better than none. */
    @Nullable
    Endpoint find(String method, String path, Set<Service> services) {
        Endpoint other = null;
        for (Endpoint endpoint : table) {
            boolean served = endpoint.services().isEmpty()
                    || endpoint.services().stream().anyMatch(services::contains);
            if (served && endpoint.matches(path)) {
                if (endpoint.methods().isEmpty() || endpoint.methods().contains(method)) {
                    return endpoint;
                }
                other = other == null ? endpoint : other;
            }
        }
        return other;
    }

    private static Reply health(boolean draining) {
        return draining ? Reply.json(503, "{\"status\":\"draining\"}") : Reply.json(200, "{\"status\":\"ok\"}");
    }

    private static String rows(Router router) {
        return router.catalog().models().stream()
                .filter(Model::listed)
                .map(Model::json)
                .collect(Collectors.joining(","));
    }

    private static Reply models(Router router) {
        return Reply.json(200, "{\"object\":\"list\",\"data\":[" + rows(router) + "]}");
    }

    private static Reply model(Router router, Call call) {
        String id = call.rest("/v1/models/");
        Model model = router.catalog().find(id);
        return model == null || !model.listed()
                ? Reply.refuse(Refusal.unknownModel(id))
                : Reply.json(200, model.json());
    }

    /** goinfer's list: what can be called, where the API is served, and what lies on the disks. */
    private static CompletionStage<Reply> files(Router router, FleetControl fleet, Call call, boolean callable) {
        return fleet.handle(call).thenApply(reply -> {
            Map<String, @Nullable Object> all = new LinkedHashMap<>();
            try {
                Map<String, @Nullable Object> files =
                        JsonTree.map(JsonTree.object(reply.body()).get("models"));
                all.put("object", "list");
                if (callable) {
                    all.put("data", JsonTree.read("[" + rows(router) + "]"));
                }
                all.put("count", files.size());
                all.put("models", files);
            } catch (IOException e) {
                return reply;
            }
            return Reply.json(all);
        });
    }

    private static Reply version() {
        String version = Endpoints.class.getPackage().getImplementationVersion();
        Map<String, @Nullable Object> all = new LinkedHashMap<>();
        all.put("version", version == null ? "development" : version);
        all.put("commit", "");
        all.put("build_date", "");
        return Reply.json(all);
    }
}
