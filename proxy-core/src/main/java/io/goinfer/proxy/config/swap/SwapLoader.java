// SPDX-License-Identifier: MIT
package io.goinfer.proxy.config.swap;

import io.goinfer.proxy.config.ConfigException;
import io.goinfer.proxy.config.ConfigProblem;
import io.goinfer.proxy.config.YamlTree;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.yaml.snakeyaml.nodes.Node;
import org.yaml.snakeyaml.nodes.ScalarNode;

/** llama-swap.yml to a {@link SwapConfig}: environment macros in the text, then YAML, macros, values. Collects every problem before it throws. */
public final class SwapLoader {
    private static final Pattern ENVIRONMENT = Pattern.compile("\\$\\{env\\.([A-Za-z_][A-Za-z0-9_]*)}");
    private static final int MIN_HEALTH_SECONDS = 15;
    private static final int DEFAULT_CONCURRENCY = 10;
    private static final int DEFAULT_UNLOAD_SECONDS = 10;

    /** Keys of llama-swap that are valid and have no meaning here. */
    private static final List<String> WITHOUT_MEANING = List.of(
            "logLevel",
            "logToStdout",
            "logRequests",
            "logTimeFormat",
            "ui",
            "store",
            "performance",
            "metricsMaxInMemory",
            "captureBuffer");

    /** Keys of llama-swap that this version does not serve. */
    private static final List<String> LATER =
            List.of("sendLoadingState", "matrix", "profiles", "selectors", "peers", "upstream");

    private static final List<String> MODEL_LATER =
            List.of("sendLoadingState", "timeouts", "compat", "capabilities", "metadata");

    /** A configuration and what is odd about it. */
    public record Loaded(SwapConfig config, List<ConfigProblem> warnings) {}

    private final String source;
    private final Map<String, String> environment;
    private final List<ConfigProblem> problems = new ArrayList<>();
    private int nextPort;
    private int globalTtl;
    private int globalUnload;

    private SwapLoader(String source, Map<String, String> environment) {
        this.source = source;
        this.environment = environment;
    }

    public static Loaded load(Path file, Map<String, String> environment) throws IOException, ConfigException {
        return new SwapLoader(file.toString(), environment).read(Files.readString(file));
    }

    /** For texts that are not in a file. */
    public static Loaded parse(String source, String text, Map<String, String> environment) throws ConfigException {
        return new SwapLoader(source, environment).read(text);
    }

    private Loaded read(String text) throws ConfigException {
        YamlTree root =
                new YamlTree(source, "", YamlTree.compose(source, withEnvironment(text), problems::add), problems::add);
        Macros macros = new Macros();
        YamlTree declared = root.child("macros");
        declare(declared, macros);
        YamlTree global = root.mapped(key -> key.equals("models") || key.equals("macros") ? null : macros::expand);
        int health = global.number("healthCheckTimeout", 120, 0, 1 << 24);
        globalTtl = global.number("globalTTL", 0, 0, Integer.MAX_VALUE);
        int unload = global.number("unloadTimeout", DEFAULT_UNLOAD_SECONDS, 0, 1 << 24);
        globalUnload = unload == 0 ? DEFAULT_UNLOAD_SECONDS : unload;
        int startPort = global.number("startPort", 5_800, 1, 65_535);
        nextPort = startPort;
        Map<String, SwapConfig.Model> models = models(root.child("models"), macros);
        Map<String, String> names = names(models);
        List<SwapConfig.Group> groups = groups(global, names);
        List<String> preload = preload(global.child("hooks"), names);
        boolean aliases = Boolean.TRUE.equals(global.bool("includeAliasesInList"));
        List<String> keys = apiKeys(global);
        WITHOUT_MEANING.forEach(global::ignore);
        LATER.forEach(key -> notUsed(global, key));
        global.ignore("models");
        global.ignore("macros");
        global.warnUnknown();
        if (problems.stream().anyMatch(ConfigProblem::fatal)) {
            throw new ConfigException(problems);
        }
        SwapConfig config = new SwapConfig(
                Duration.ofSeconds(Math.max(MIN_HEALTH_SECONDS, health)),
                startPort,
                models,
                groups,
                preload,
                aliases,
                keys);
        return new Loaded(config, List.copyOf(problems));
    }

    /** {@code ${env.NAME}} anywhere but in comment lines. */
    private String withEnvironment(String text) {
        StringBuilder result = new StringBuilder();
        int number = 0;
        for (String line : text.split("\n", -1)) {
            number++;
            result.append(number == 1 ? "" : "\n");
            Matcher matcher = ENVIRONMENT.matcher(line);
            int at = 0;
            while (!line.strip().startsWith("#") && matcher.find()) {
                String value = environment.get(matcher.group(1));
                if (value == null) {
                    fatal(number, "", "environment variable '" + matcher.group(1) + "' is not set");
                } else if (value.matches("(?s).*[\r\n\0].*")) {
                    fatal(number, "", "environment variable '" + matcher.group(1) + "' holds a line break");
                } else {
                    result.append(line, at, matcher.start())
                            .append(value.replace("\\", "\\\\").replace("\"", "\\\""));
                    at = matcher.end();
                }
            }
            result.append(line.substring(at));
        }
        return result.toString();
    }

    private void fatal(int line, String key, String message) {
        problems.add(new ConfigProblem(source, line, key, message, true));
    }

    private static void declare(YamlTree tree, Macros macros) {
        for (String name : tree.keysInOrder()) {
            Node value = tree.node(name);
            String problem = value == null ? "has no value" : macros.declare(name, value);
            if (problem != null) {
                tree.problem(name, problem, true);
            }
        }
    }

    // ---- models

    private Map<String, SwapConfig.Model> models(YamlTree tree, Macros globals) {
        Map<String, SwapConfig.Model> models = new TreeMap<>();
        // Ports are given in the order of the ids.
        for (String id : new java.util.TreeSet<>(tree.keysInOrder())) {
            YamlTree raw = tree.child(id);
            ScalarNode like = raw.anyScalar();
            if (like == null) {
                tree.problem(id, "expected a mapping with cmd or proxy", true);
                continue;
            }
            Macros macros = new Macros(globals, id, like);
            declare(raw.child("macros"), macros);
            models.put(id, model(id, raw.mapped(key -> key.equals("macros") ? null : macros::expand)));
        }
        return models;
    }

    private SwapConfig.Model model(String id, YamlTree tree) {
        String cmd = orEmpty(expanded(tree, "cmd"));
        String stop = orEmpty(expanded(tree, "cmdStop"));
        String proxy = expanded(tree, "proxy");
        boolean wantsPort = cmd.contains("${PORT}");
        if (proxy == null || proxy.isBlank()) {
            proxy = "http://localhost:${PORT}";
        }
        if (proxy.contains("${PORT}") && !wantsPort) {
            tree.problem(
                    "proxy", "proxy uses ${PORT} but cmd does not - ${PORT} is only available when used in cmd", true);
        } else if (!proxy.matches("https?://[^/\\s]+(/\\S*)?")) {
            tree.problem("proxy", proxy + " (expected: http://HOST:PORT)", true);
        }
        if (cmd.contains("${PID}")) {
            tree.problem("cmd", "${PID} is only available in cmdStop", true);
        }
        List<String> command = CommandWords.split(cmd);
        int ttl = tree.number("ttl", -1, -1, Integer.MAX_VALUE);
        int unload = tree.number("unloadTimeout", 0, 0, 1 << 24);
        int limit = tree.number("concurrencyLimit", 0, 0, 1 << 20);
        String check = expanded(tree, "checkEndpoint");
        tree.number("healthCheckTimeout", 0, 0, 1 << 24);
        tree.ignore("macros");
        Set<String> aliases = new LinkedHashSet<>(tree.list("aliases"));
        YamlTree filters = tree.child("filters");
        List<String> strip = strip(filters);
        Map<String, String> set = set(filters.child("setParams"));
        notUsed(filters, "setParamsByID");
        filters.warnUnknown();
        MODEL_LATER.forEach(key -> notUsed(tree, key));
        SwapConfig.Model model = new SwapConfig.Model(
                id,
                command,
                CommandWords.split(stop),
                proxy,
                wantsPort ? nextPort++ : 0,
                aliases,
                tree.list("env"),
                check == null ? "/health" : check.strip().equals("none") ? "" : check,
                Duration.ofSeconds(ttl < 0 ? globalTtl : ttl),
                Duration.ofSeconds(unload == 0 ? globalUnload : unload),
                Boolean.TRUE.equals(tree.bool("unlisted")),
                blankToNull(expanded(tree, "useModelName")),
                orEmpty(expanded(tree, "name")).strip(),
                orEmpty(expanded(tree, "description")).strip(),
                limit == 0 ? DEFAULT_CONCURRENCY : limit,
                strip,
                set);
        tree.warnUnknown();
        return model;
    }

    private static List<String> strip(YamlTree tree) {
        List<String> strip = tree.list("stripParams");
        List<String> old = tree.list("strip_params");
        List<String> names = new ArrayList<>(new java.util.TreeSet<>(strip.isEmpty() ? old : strip));
        names.remove("model");
        names.forEach(name -> topLevel(tree, "stripParams", name));
        return names;
    }

    private static Map<String, String> set(YamlTree tree) {
        Map<String, String> set = new TreeMap<>();
        for (String name : tree.keysInOrder()) {
            Node value = tree.node(name);
            if (value != null && !name.equals("model")) {
                topLevel(tree, name, name);
                set.put(name, YamlJson.text(value));
            }
        }
        return set;
    }

    private static void topLevel(YamlTree tree, String key, String name) {
        if (name.matches(".*[.|#@*?].*")) {
            tree.problem(key, name + " is a path; this version takes names of the top level only", false);
        }
    }

    /** A text in which every macro is known; {@code ${PORT}} and {@code ${PID}} may be left. */
    private static @Nullable String expanded(YamlTree tree, String key) {
        String text = tree.text(key);
        if (text != null) {
            Macros.leftIn(text).forEach(token -> tree.problem(key, "unknown macro '" + token + "' found", true));
        }
        return text;
    }

    /** Every name that means a model → its id. Ids win over aliases; an alias of two models is an error. */
    private Map<String, String> names(Map<String, SwapConfig.Model> models) {
        Map<String, String> names = new HashMap<>();
        for (SwapConfig.Model model : models.values()) {
            for (String alias : model.aliases()) {
                String other = names.put(alias, model.id());
                if (other != null && !other.equals(model.id())) {
                    fatal(
                            0,
                            "models." + model.id() + ".aliases",
                            "duplicate alias " + alias + " found in model: " + other);
                }
            }
        }
        models.keySet().forEach(id -> names.put(id, id));
        return names;
    }

    // ---- what refers to models

    private static List<SwapConfig.Group> groups(YamlTree global, Map<String, String> names) {
        YamlTree routing = global.child("routing");
        YamlTree router = routing.child("router");
        YamlTree settings = router.child("settings");
        String use = router.text("use");
        if (use != null && !use.equals("group")) {
            router.problem("use", use + " (expected: group; others are not used by this version)", false);
        }
        notUsed(settings, "matrix");
        YamlTree nested = settings.child("groups");
        YamlTree tree = global.child("groups");
        List<SwapConfig.Group> groups = new ArrayList<>();
        Map<String, String> groupOf = new HashMap<>();
        for (YamlTree of : List.of(tree, nested)) {
            for (String name : of.keysInOrder()) {
                groups.add(group(name, of, names, groupOf));
            }
        }
        return groups;
    }

    private static SwapConfig.Group group(
            String name, YamlTree groups, Map<String, String> names, Map<String, String> groupOf) {
        YamlTree tree = groups.child(name);
        Set<String> members = new LinkedHashSet<>();
        for (String member : tree.list("members")) {
            String id = names.get(member);
            if (id == null) {
                tree.problem("members", "no model is called " + member, false);
                continue;
            }
            String other = groupOf.put(id, name);
            if (other != null) {
                tree.problem("members", "model " + id + " is in group " + other + " already", true);
            }
            members.add(id);
        }
        boolean swap = !Boolean.FALSE.equals(tree.bool("swap"));
        boolean exclusive = !Boolean.FALSE.equals(tree.bool("exclusive"));
        boolean persistent = Boolean.TRUE.equals(tree.bool("persistent"));
        tree.warnUnknown();
        return new SwapConfig.Group(name, swap, exclusive, persistent, members);
    }

    private static List<String> preload(YamlTree hooks, Map<String, String> names) {
        YamlTree start = hooks.child("on_startup");
        List<String> ids = new ArrayList<>();
        for (String name : start.list("preload")) {
            String id = names.get(name);
            if (id == null) {
                start.problem("preload", "no model is called " + name, false);
            } else {
                ids.add(id);
            }
        }
        start.warnUnknown();
        hooks.warnUnknown();
        return ids;
    }

    private static List<String> apiKeys(YamlTree global) {
        List<String> keys = global.list("apiKeys");
        for (int i = 0; i < keys.size(); i++) {
            if (keys.get(i).isEmpty()) {
                global.problem("apiKeys", "empty api key found in apiKeys", true);
            } else if (keys.get(i).indexOf(' ') >= 0) {
                global.problem("apiKeys", "apiKeys[" + i + "]: api key cannot contain spaces", true);
            }
        }
        return keys;
    }

    /** What generators write empty is no use of it. */
    private static void notUsed(YamlTree tree, String key) {
        tree.ignore(key);
        if (tree.isSet(key)) {
            tree.problem(key, "is not used by this version", false);
        }
    }

    private static String orEmpty(@Nullable String text) {
        return text == null ? "" : text;
    }

    private static @Nullable String blankToNull(@Nullable String text) {
        return text == null || text.isBlank() ? null : text;
    }
}
