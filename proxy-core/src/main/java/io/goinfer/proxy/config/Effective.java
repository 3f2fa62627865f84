// SPDX-License-Identifier: MIT
package io.goinfer.proxy.config;

import io.goinfer.proxy.config.swap.SwapConfig;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.yaml.snakeyaml.DumperOptions;
import org.yaml.snakeyaml.Yaml;

/** What is in force, as maps and lists with the names of the files. Never a secret. Pure. */
public final class Effective {
    private Effective() {}

    /** goinfer.yml with everything that stands beside it. */
    public static Map<String, @Nullable Object> of(GoinferConfig config) {
        Map<String, @Nullable Object> server = new LinkedHashMap<>();
        Map<String, @Nullable Object> listen = new LinkedHashMap<>();
        for (Listen one : config.server().listen()) {
            listen.put(
                    one.toString(),
                    map(
                            "services",
                            one.services().stream().sorted().map(Service::word).toList(),
                            "tls",
                            one.usesTls()));
        }
        server.put("listen", listen);
        Map<String, @Nullable Object> keys = new TreeMap<>();
        config.server().apiKeys().keySet().forEach(role -> keys.put(role, "(hidden)"));
        server.put("api_key", keys);
        server.put("origins", config.server().origins());
        server.put("public_url", config.server().publicUrl());
        GoinferConfig.ModelsConfig models = config.models();
        Map<String, @Nullable Object> all = new LinkedHashMap<>();
        all.put("server", server);
        all.put(
                "tls",
                map(
                        "certificate",
                        config.tls().certificate(),
                        "key",
                        config.tls().key()));
        all.put(
                "node",
                map(
                        "name",
                        config.node().name(),
                        "relays",
                        config.node().relays(),
                        "transport",
                        config.node().transport().toString(),
                        "standby",
                        config.node().standby(),
                        "backends",
                        config.node().backends().stream()
                                .map(one ->
                                        map("name", one.name(), "url", one.url().toString(), "slots", one.slots()))
                                .toList()));
        all.put("models_dir", models.folders().stream().map(Object::toString).toList());
        all.put("discover", models.discover());
        all.put("default_model", models.defaultModel());
        all.put(
                "llama",
                map(
                        "exe",
                        models.llamaExe(),
                        "args",
                        map("common", models.commonArgs(), "goinfer", models.goinferArgs())));
        Balance balance = config.balance();
        all.put(
                "balance",
                map(
                        "ungrouped",
                        balance.ungrouped() == Balance.Ungrouped.BY_KIND
                                ? null
                                : balance.ungrouped().name().toLowerCase(Locale.ROOT),
                        "min_loaded",
                        seconds(balance.minLoaded()),
                        "pinned",
                        balance.pinned()));
        all.put("limits", limits(config.limits()));
        if (!models.swap().models().isEmpty()) {
            all.put("llama-swap", of(models.swap()));
        }
        return all;
    }

    /** {@link #of(GoinferConfig)} as YAML. */
    public static String yaml(GoinferConfig config) {
        DumperOptions options = new DumperOptions();
        options.setDefaultFlowStyle(DumperOptions.FlowStyle.BLOCK);
        options.setSplitLines(false);
        return new Yaml(options).dump(of(config)).stripTrailing();
    }

    private static Map<String, @Nullable Object> limits(GoinferConfig.Limits limits) {
        Map<String, @Nullable Object> all = new LinkedHashMap<>();
        all.put("json_body", limits.jsonBodyBytes());
        all.put("body", limits.bodyBytes());
        all.put("select", limits.selectBytes());
        all.put("connections", limits.connections());
        all.put("connections_per_address", limits.connectionsPerAddress());
        all.put("streams", limits.streams());
        all.put("queue", limits.queue());
        all.put("drain", seconds(limits.drain()));
        all.put("early_head", seconds(limits.earlyHead()));
        all.put("resume", seconds(limits.resume()));
        return all;
    }

    private static String seconds(Duration time) {
        return time.toMillis() % 1000 == 0 ? time.toSeconds() + "s" : time.toMillis() + "ms";
    }

    // ---- llama-swap.yml

    public static Map<String, @Nullable Object> of(SwapConfig config) {
        Map<String, @Nullable Object> all = settings(config.settings());
        Map<String, @Nullable Object> models = new LinkedHashMap<>();
        config.models().forEach((id, model) -> models.put(id, model(model)));
        all.put("models", models);
        SwapConfig.Matrix matrix = config.routing().matrix();
        Map<String, @Nullable Object> router = new LinkedHashMap<>();
        router.put("use", matrix == null ? "group" : "matrix");
        Map<String, @Nullable Object> groups = new LinkedHashMap<>();
        for (SwapConfig.Group group : config.routing().groups()) {
            groups.put(
                    group.name(),
                    map(
                            "swap",
                            group.swap(),
                            "exclusive",
                            group.exclusive(),
                            "persistent",
                            group.persistent(),
                            "members",
                            List.copyOf(group.members())));
        }
        router.put("groups", groups);
        if (matrix != null) {
            router.put(
                    "matrix",
                    map(
                            "vars",
                            matrix.vars(),
                            "evict_costs",
                            matrix.evictCosts(),
                            "sets",
                            List.copyOf(matrix.sets().keySet())));
        }
        all.put("routing", map("router", router, "priority", config.routing().priority()));
        Map<String, @Nullable Object> profiles = new LinkedHashMap<>();
        config.profiles()
                .forEach((name, profile) ->
                        profiles.put(name, map("description", profile.description(), "pins", profile.pins())));
        all.put("profiles", profiles);
        Map<String, @Nullable Object> selectors = new LinkedHashMap<>();
        config.selectors().forEach((id, one) -> selectors.put(id, selector(one)));
        all.put("selectors", selectors);
        Map<String, @Nullable Object> peers = new LinkedHashMap<>();
        config.peers().forEach((id, peer) -> peers.put(id, peer(peer)));
        all.put("peers", peers);
        all.put("hooks", map("preload", config.preload()));
        all.put("apiKeys", config.apiKeys().size());
        return all;
    }

    private static Map<String, @Nullable Object> settings(SwapConfig.Settings settings) {
        Map<String, @Nullable Object> all = new LinkedHashMap<>();
        all.put("healthCheckTimeout", settings.healthCheckTimeout().toSeconds());
        all.put("startPort", settings.startPort());
        all.put("includeAliasesInList", settings.aliasesInList());
        all.put("ignorePaths", settings.ignorePaths());
        all.put("logLevel", settings.logLevel());
        all.put("logTimeFormat", settings.logTimeFormat());
        all.put("logToStdout", settings.logToStdout());
        all.put("metricsMaxInMemory", settings.metricsInMemory());
        all.put("captureBuffer", settings.captureMegabytes());
        all.put("store", settings.storePath());
        Duration every = settings.performanceEvery();
        all.put("performance", every == null ? "disabled" : seconds(every));
        all.put("session_id", settings.sessionIdHeaders());
        return all;
    }

    private static Map<String, @Nullable Object> model(SwapConfig.Model model) {
        Map<String, @Nullable Object> all = new LinkedHashMap<>();
        all.put("cmd", model.start().command());
        all.put("cmdStop", model.start().stopCommand());
        all.put("proxy", model.start().proxy());
        all.put("port", model.start().port());
        all.put(
                "env",
                model.start().environment().stream().map(Effective::hidden).toList());
        all.put("checkEndpoint", model.start().checkEndpoint());
        all.put("aliases", List.copyOf(model.aliases()));
        all.put("ttl", model.ttl().toSeconds());
        all.put("unloadTimeout", model.unloadTimeout().toSeconds());
        all.put("unlisted", model.unlisted());
        all.put("useModelName", model.useModelName());
        all.put("name", model.name());
        all.put("description", model.description());
        all.put("concurrencyLimit", model.concurrencyLimit());
        all.put("sendLoadingState", model.sendLoadingState());
        all.put("ignoreWebsockets", model.ignoreWebsockets());
        all.put("metadata", model.metadata());
        all.put("filters", filters(model.filters()));
        SwapConfig.Capabilities can = model.capabilities();
        Map<String, @Nullable Object> capabilities = new LinkedHashMap<>();
        capabilities.put("in", can.in());
        capabilities.put("out", can.out());
        capabilities.put("tools", can.tools());
        capabilities.put("reranker", can.reranker());
        capabilities.put("context", can.context());
        all.put("capabilities", capabilities);
        all.put("timeouts", timeouts(model.timeouts()));
        return all;
    }

    /** {@code NAME=value} without a value that looks secret. */
    private static String hidden(String pair) {
        String name = pair.split("=", 2)[0];
        return name.toUpperCase(Locale.ROOT).matches(".*(KEY|TOKEN|SECRET|PASSWORD).*") ? name + "=(hidden)" : pair;
    }

    private static Map<String, @Nullable Object> filters(SwapConfig.Filters filters) {
        return map("strip", filters.strip(), "set", filters.set(), "byId", filters.setById());
    }

    private static Map<String, @Nullable Object> timeouts(SwapConfig.Timeouts timeouts) {
        Map<String, @Nullable Object> all = new LinkedHashMap<>();
        all.put("connect", timeouts.connect());
        all.put("keepalive", timeouts.keepalive());
        all.put("responseHeader", timeouts.responseHeader());
        all.put("tlsHandshake", timeouts.tlsHandshake());
        all.put("expectContinue", timeouts.expectContinue());
        all.put("idleConn", timeouts.idleConn());
        return all;
    }

    private static Map<String, @Nullable Object> selector(SwapConfig.Selector one) {
        Map<String, @Nullable Object> all = new LinkedHashMap<>();
        all.put("strategy", one.strategy().name().toLowerCase(Locale.ROOT));
        all.put("targets", one.targets());
        all.put("spillover", one.spillover());
        all.put("name", one.name());
        all.put("description", one.description());
        all.put("unlisted", one.unlisted());
        all.put("metadata", one.metadata());
        return all;
    }

    private static Map<String, @Nullable Object> peer(SwapConfig.Peer peer) {
        Map<String, @Nullable Object> all = new LinkedHashMap<>();
        all.put("proxy", peer.proxy());
        all.put("models", peer.models());
        all.put("apiKey", peer.hasKey() ? "(hidden)" : "");
        all.put("filters", filters(peer.filters()));
        all.put("timeouts", timeouts(peer.timeouts()));
        return all;
    }

    private static Map<String, @Nullable Object> map(@Nullable Object... pairs) {
        Map<String, @Nullable Object> map = new LinkedHashMap<>();
        for (int i = 0; i + 1 < pairs.length; i += 2) {
            map.put(String.valueOf(pairs[i]), pairs[i + 1]);
        }
        return map;
    }
}
