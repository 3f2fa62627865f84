// SPDX-License-Identifier: MIT
package io.goinfer.proxy.config.swap;

import io.goinfer.proxy.config.YamlTree;
import java.time.Duration;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import org.yaml.snakeyaml.nodes.Node;
import org.yaml.snakeyaml.nodes.ScalarNode;

/** {@code models:}, each with the macros that hold for it. Ports are given in the order of the ids. */
final class ModelSection {
    private static final int DEFAULT_CONCURRENCY = 10;
    private static final int MAX_SECONDS = 1 << 24;
    private static final List<String> MODALITIES = List.of("text", "audio", "image");

    /** ComfyUI's page loads much at once, and holds a WebSocket open for ever. */
    private static final String COMFYUI = "comfyui_auto";

    private static final int COMFYUI_CONCURRENCY = 50;

    private final Macros globals;
    private final SettingsSection settings;
    private final boolean loadingState;
    private int nextPort;

    ModelSection(Macros globals, SettingsSection settings, int startPort, boolean loadingState) {
        this.globals = globals;
        this.settings = settings;
        this.loadingState = loadingState;
        this.nextPort = startPort;
    }

    Map<String, SwapConfig.Model> read(YamlTree tree) {
        Map<String, SwapConfig.Model> models = new TreeMap<>();
        for (String id : new TreeSet<>(tree.keysInOrder())) {
            YamlTree raw = tree.child(id);
            ScalarNode like = raw.anyScalar();
            if (like == null) {
                tree.problem(id, "expected a mapping with cmd or proxy", true);
                continue;
            }
            Macros macros = new Macros(globals, id, like);
            SwapLoader.declare(raw.child("macros"), macros);
            models.put(id, model(id, raw, macros, like));
        }
        return models;
    }

    private SwapConfig.Model model(String id, YamlTree raw, Macros macros, ScalarNode like) {
        YamlTree commands = raw.mapped(key -> isCommand(key) ? macros::expandCommand : null);
        boolean port = orEmpty(commands.text("cmd")).contains("${PORT}");
        int nominal = port ? nextPort++ : 0;
        Macros known = port ? macros.withPort(nominal, like) : macros;
        // How the process is started keeps ${PORT}: the port may be in use then.
        YamlTree tree = raw.mapped(key -> key.equals("macros")
                ? null
                : isCommand(key) ? macros::expandCommand : isStart(key) ? macros::expand : known::expand);
        YamlTree checked = port ? raw.mapped(key -> key.equals("macros") ? null : expandedFor(key, known)) : tree;
        SwapConfig.Start start = start(tree, nominal);
        LeftMacros.refuse(checked, id);
        int ttl = tree.number("ttl", -1, Integer.MIN_VALUE, Integer.MAX_VALUE);
        if (ttl < -1) {
            tree.problem("ttl", "model " + id + ": invalid TTL value " + ttl, true);
        }
        int unload = tree.number("unloadTimeout", 0, 0, MAX_SECONDS);
        int limit = tree.number("concurrencyLimit", 0, 0, 1 << 20);
        tree.number("healthCheckTimeout", 0, 0, MAX_SECONDS);
        tree.ignore("macros");
        boolean comfy = id.equals(COMFYUI);
        Boolean loading = tree.bool("sendLoadingState");
        YamlTree compat = tree.child("compat");
        boolean ignoreWebsockets = Boolean.TRUE.equals(compat.bool("ignoreWebsockets")) || comfy;
        compat.warnUnknown();
        Set<String> aliases = new LinkedHashSet<>(tree.list("aliases"));
        Node metadata = tree.isMapping("metadata") ? tree.node("metadata") : null;
        tree.ignore("metadata");
        SwapConfig.Model model = new SwapConfig.Model(
                id,
                start,
                aliases,
                FilterSection.read(tree.child("filters"), known, like),
                Duration.ofSeconds(Math.max(0, ttl < 0 ? settings.globalTtl() : ttl)),
                Duration.ofSeconds(unload == 0 ? settings.globalUnload() : unload),
                Boolean.TRUE.equals(tree.bool("unlisted")),
                blankToNull(tree.text("useModelName")),
                orEmpty(tree.text("name")).strip(),
                orEmpty(tree.text("description")).strip(),
                Math.max(limit == 0 ? DEFAULT_CONCURRENCY : limit, comfy ? COMFYUI_CONCURRENCY : 0),
                loading == null ? loadingState : loading,
                ignoreWebsockets,
                metadata == null ? "" : YamlJson.text(metadata),
                capabilities(tree.child("capabilities")),
                timeouts(tree.child("timeouts"), SwapConfig.Timeouts.MODEL));
        tree.warnUnknown();
        return model;
    }

    private static boolean isCommand(String key) {
        return key.equals("cmd") || key.equals("cmdStop");
    }

    private static boolean isStart(String key) {
        return key.equals("proxy") || key.equals("env") || key.equals("checkEndpoint");
    }

    private static java.util.function.UnaryOperator<Node> expandedFor(String key, Macros known) {
        return isCommand(key) ? known::expandCommand : known::expand;
    }

    private static SwapConfig.Start start(YamlTree tree, int port) {
        String cmd = orEmpty(tree.text("cmd"));
        String proxy = tree.text("proxy");
        if (proxy == null || proxy.isBlank()) {
            proxy = "http://localhost:${PORT}";
        }
        if (proxy.contains("${PORT}") && port == 0) {
            tree.problem(
                    "proxy", "proxy uses ${PORT} but cmd does not - ${PORT} is only available when used in cmd", true);
        } else if (!proxy.matches("https?://[^/\\s]+(/\\S*)?")) {
            tree.problem("proxy", proxy + " (expected: http://HOST:PORT)", true);
        }
        String check = tree.text("checkEndpoint");
        return new SwapConfig.Start(
                CommandWords.split(cmd),
                CommandWords.split(orEmpty(tree.text("cmdStop"))),
                proxy,
                port,
                tree.list("env"),
                check == null ? "/health" : check.strip().equals("none") ? "" : check);
    }

    private static SwapConfig.Capabilities capabilities(YamlTree tree) {
        List<String> in = modalities(tree, "in");
        List<String> out = modalities(tree, "out");
        int context = tree.number("context", 0, Integer.MIN_VALUE, Integer.MAX_VALUE);
        if (context < 0) {
            tree.problem("context", "capabilities.context: " + context + " (expected: >= 0)", true);
        }
        SwapConfig.Capabilities read = new SwapConfig.Capabilities(
                in, out, Boolean.TRUE.equals(tree.bool("tools")), Boolean.TRUE.equals(tree.bool("reranker")), context);
        tree.warnUnknown();
        return read;
    }

    private static List<String> modalities(YamlTree tree, String key) {
        List<String> words = tree.list(key);
        for (String word : words) {
            if (!MODALITIES.contains(word)) {
                tree.problem(
                        key,
                        "capabilities." + key + ": invalid modality \"" + word
                                + "\", must be one of: text, audio, image",
                        true);
            }
        }
        return words;
    }

    static SwapConfig.Timeouts timeouts(YamlTree tree, SwapConfig.Timeouts d) {
        SwapConfig.Timeouts read = new SwapConfig.Timeouts(
                tree.number("connect", d.connect(), 0, MAX_SECONDS),
                tree.number("keepalive", d.keepalive(), 0, MAX_SECONDS),
                tree.number("responseHeader", d.responseHeader(), 0, MAX_SECONDS),
                tree.number("tlsHandshake", d.tlsHandshake(), 0, MAX_SECONDS),
                tree.number("expectContinue", d.expectContinue(), 0, MAX_SECONDS),
                tree.number("idleConn", d.idleConn(), 0, MAX_SECONDS));
        tree.warnUnknown();
        return read;
    }

    private static String orEmpty(@Nullable String text) {
        return text == null ? "" : text;
    }

    private static @Nullable String blankToNull(@Nullable String text) {
        return text == null || text.isBlank() ? null : text;
    }
}
