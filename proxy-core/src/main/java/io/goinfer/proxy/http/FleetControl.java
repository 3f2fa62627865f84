// SPDX-License-Identifier: MIT
package io.goinfer.proxy.http;

import io.goinfer.proxy.control.Call;
import io.goinfer.proxy.control.ModelControl;
import io.goinfer.proxy.control.Reply;
import io.goinfer.proxy.json.JsonTree;
import io.goinfer.proxy.net.EventLoops;
import io.goinfer.proxy.route.Model;
import io.goinfer.proxy.route.Place;
import io.goinfer.proxy.route.Router;
import io.goinfer.proxy.upstream.Refusal;
import io.goinfer.proxy.upstream.Upstream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * {@link ModelControl}'s paths for the whole fleet: {@code ?node=NAME} asks one, without it this machine and every connected node are asked, and their
 * answers joined. A path that names a model goes to the node that has it.
 */
final class FleetControl {
    private static final String LOCAL = "local";
    private static final List<String> OF_A_MODEL =
            List.of("/api/models/unload/", "/api/models/load/", "/logs/stream/", "/logs/");

    /** What each machine has for itself: here, if no node is named. */
    private static final List<String> OF_ONE_MACHINE =
            List.of("/api/profiles", "/api/config/", "/api/performance", "/api/hardware");

    private final ModelControl local;
    private final Supplier<Map<String, Upstream>> nodes;
    private final Router router;
    private final NodeCalls calls;

    FleetControl(ModelControl local, Supplier<Map<String, Upstream>> nodes, Router router, EventLoops loops) {
        this.local = local;
        this.nodes = nodes;
        this.router = router;
        this.calls = new NodeCalls(loops);
    }

    CompletionStage<Reply> handle(Call call) {
        Map<String, Upstream> there = nodes.get();
        String wanted = call.parameter("node");
        if (wanted == null) {
            wanted = ownerOf(call, there);
        }
        if (wanted != null) {
            return one(wanted, call, there);
        }
        if (there.isEmpty()) {
            return here(call);
        }
        List<CompletableFuture<Reply>> asked = new ArrayList<>();
        List<String> names = new ArrayList<>(List.of(LOCAL));
        asked.add(here(call).toCompletableFuture());
        there.forEach((name, node) -> {
            names.add(name);
            asked.add(calls.call(node, call, uri(call)).toCompletableFuture());
        });
        return CompletableFuture.allOf(asked.toArray(CompletableFuture[]::new)).thenApply(done -> {
            List<Reply> replies = asked.stream().map(CompletableFuture::join).toList();
            return switch (call.path()) {
                case "/running" -> running(names, replies);
                case "/models" -> models(names, replies);
                case "/logs" -> logs(replies);
                case "/logs/stream" -> streams(replies);
                // Orders: done everywhere.
                default -> replies.get(0);
            };
        });
    }

    private CompletionStage<Reply> here(Call call) {
        ModelControl.Handler handler = local.find(call.method(), call.path());
        return handler == null ? Reply.refuse(Refusal.notFound(call.path())).now() : handler.handle(call);
    }

    private CompletionStage<Reply> one(String name, Call call, Map<String, Upstream> there) {
        Upstream node = there.get(name);
        if (name.equals(LOCAL)) {
            return here(call);
        }
        return node == null
                ? Reply.refuse(new Refusal(
                                404,
                                "invalid_request_error",
                                "node_not_found",
                                "no node " + name + " is connected; the nodes are " + there.keySet(),
                                0))
                        .now()
                : calls.call(node, call, uri(call));
    }

    /** Path and query, but for who is asked. */
    private static String uri(Call call) {
        StringBuilder uri = new StringBuilder(call.path());
        call.query().forEach((name, value) -> {
            if (!name.equals("node")) {
                uri.append(uri.indexOf("?") < 0 ? '?' : '&').append(encoded(name));
                uri.append('=').append(encoded(value));
            }
        });
        return uri.toString();
    }

    private static String encoded(String text) {
        return URLEncoder.encode(text, StandardCharsets.UTF_8);
    }

    /** The node that has the model of the path; null: it is here, nowhere, or the path names none. */
    private @Nullable String ownerOf(Call call, Map<String, Upstream> there) {
        for (String prefix : OF_A_MODEL) {
            if (call.path().startsWith(prefix) && !call.path().equals("/logs/stream")) {
                String name = call.rest(prefix);
                Model model = router.catalog().find(name);
                if (model == null || local.models().knows(name)) {
                    return LOCAL;
                }
                return model.places().stream()
                        .map(Place::owner)
                        .filter(there::containsKey)
                        .findFirst()
                        .orElse(LOCAL);
            }
        }
        return OF_ONE_MACHINE.stream().anyMatch(call.path()::startsWith) ? LOCAL : null;
    }

    // ---- joined

    private static Map<String, @Nullable Object> tree(Reply reply) {
        try {
            return reply.status() == 200 ? JsonTree.object(reply.body()) : new LinkedHashMap<>();
        } catch (IOException e) {
            return new LinkedHashMap<>();
        }
    }

    private static Reply running(List<String> names, List<Reply> replies) {
        List<Object> rows = new ArrayList<>();
        for (int i = 0; i < replies.size(); i++) {
            for (Object row : JsonTree.list(tree(replies.get(i)).get("running"))) {
                Map<String, @Nullable Object> one = JsonTree.map(row);
                one.put("node", names.get(i));
                rows.add(one);
            }
        }
        return Reply.json(Map.of("running", rows));
    }

    /** One entry a name, with the nodes that have it. */
    private static Reply models(List<String> names, List<Reply> replies) {
        Map<String, @Nullable Object> all = new LinkedHashMap<>();
        for (int i = 0; i < replies.size(); i++) {
            String node = names.get(i);
            JsonTree.map(tree(replies.get(i)).get("models")).forEach((name, value) -> {
                Map<String, @Nullable Object> known =
                        JsonTree.map(all.computeIfAbsent(name, key -> JsonTree.map(value)));
                List<Object> nodes = new ArrayList<>();
                for (Object there : JsonTree.list(known.get("nodes"))) {
                    nodes.add(String.valueOf(there));
                }
                nodes.add(node);
                known.put("nodes", nodes);
            });
        }
        return Reply.json(Map.of("models", all));
    }

    private static Reply logs(List<Reply> replies) {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        replies.stream().filter(reply -> reply.status() == 200).forEach(reply -> all.writeBytes(reply.body()));
        return new Reply(200, "text/plain; charset=utf-8", all.toByteArray());
    }

    private static Reply streams(List<Reply> replies) {
        List<Reply> live =
                replies.stream().filter(reply -> reply.stream() != null).toList();
        ByteArrayOutputStream before = new ByteArrayOutputStream();
        live.forEach(reply -> before.writeBytes(reply.body()));
        return Reply.stream("text/plain; charset=utf-8", before.toByteArray(), sink -> {
            Reply.Sink open = new Reply.Sink() {
                @Override
                public void write(byte[] bytes) {
                    sink.write(bytes);
                }

                /** One of several ended: the others go on. */
                @Override
                public void end() {}
            };
            List<Runnable> ends = new ArrayList<>();
            for (Reply reply : live) {
                if (reply.stream() != null) {
                    ends.add(reply.stream().start(open));
                }
            }
            return () -> ends.forEach(Runnable::run);
        });
    }
}
