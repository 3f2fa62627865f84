// SPDX-License-Identifier: MIT
package io.goinfer.proxy.config;

import io.goinfer.proxy.config.GoinferConfig.Limits;
import io.goinfer.proxy.config.swap.CommandWords;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** goinfer.yml and the GI_ variables to a {@link GoinferConfig}: defaults, file, environment. Flags come on top of it, in the launcher. */
public final class ConfigLoader {
    private static final Set<String> VARIABLES = Set.of(
            "GI_HOST",
            "GI_ORIGINS",
            "GI_API_KEY_ADMIN",
            "GI_API_KEY_USER",
            "GI_API_KEY",
            "GI_STATE_DIR",
            "GI_JOIN_TOKEN",
            "GI_MODELS_DIR",
            "GI_LLAMA_EXE",
            "GI_DEFAULT_MODEL",
            "GI_EXTRA_MODELS");

    /** A configuration and what is odd about it. */
    public record Loaded(GoinferConfig config, List<ConfigProblem> warnings) {}

    private final Map<String, String> environment;
    private final List<ConfigProblem> problems = new ArrayList<>();

    private final boolean noApiKey;

    private ConfigLoader(Map<String, String> environment, boolean noApiKey) {
        this.environment = environment;
        this.noApiKey = noApiKey;
    }

    /** @param file null: no file, defaults and environment only */
    public static Loaded load(@Nullable Path file, Map<String, String> environment)
            throws IOException, ConfigException {
        return load(file, environment, false);
    }

    /** @param noApiKey keys are not looked at, so that placeholders do no harm */
    public static Loaded load(@Nullable Path file, Map<String, String> environment, boolean noApiKey)
            throws IOException, ConfigException {
        String text = file == null ? "" : Files.readString(file);
        return new ConfigLoader(environment, noApiKey).read(file == null ? "environment" : file.toString(), text);
    }

    private Loaded read(String source, String text) throws ConfigException {
        Consumer<ConfigProblem> collect = problems::add;
        YamlTree root = new YamlTree(source, "", YamlTree.compose(source, text, collect), collect);
        environmentProblems();
        GoinferConfig config = new GoinferConfig(
                server(root.child("server")),
                tls(root.child("tls")),
                node(root.child("node")),
                models(root),
                balance(root.child("balance")),
                limits(root.child("limits")));
        root.refuseUnknown();
        if (problems.stream().anyMatch(ConfigProblem::fatal)) {
            throw new ConfigException(problems);
        }
        return new Loaded(config, List.copyOf(problems));
    }

    private GoinferConfig.Server server(YamlTree tree) {
        String fileHost = tree.text("host");
        String host = variable("GI_HOST", fileHost == null ? "localhost" : fileHost);
        List<Listen> listen = listen(tree.child("listen"), host);
        Map<String, String> keys = keys(tree);
        List<String> origins = tree.list("origins");
        String fromEnvironment = environment.get("GI_ORIGINS");
        if (fromEnvironment != null) {
            // Set and empty means: no CORS.
            origins = fromEnvironment.isBlank()
                    ? List.of()
                    : List.of(fromEnvironment.strip().split("\\s*,\\s*"));
        }
        String publicUrl = tree.text("public_url");
        if (publicUrl != null && !publicUrl.matches("https://[^/\\s]+/?")) {
            tree.problem("public_url", publicUrl + " (expected: https://HOST:PORT)", true);
        }
        tree.refuseUnknown();
        return new GoinferConfig.Server(listen, keys, origins, publicUrl);
    }

    private List<Listen> listen(YamlTree tree, String host) {
        List<Listen> all = new ArrayList<>();
        for (String address : tree.keysInOrder()) {
            try {
                if (tree.isMapping(address)) {
                    YamlTree one = tree.child(address);
                    Set<Service> services = Listen.services(String.join(" ", one.list("services")));
                    all.add(Listen.of(address, services, one.bool("tls"), host));
                    one.refuseUnknown();
                } else {
                    Set<Service> services = Listen.services(String.join(" ", tree.list(address)));
                    all.add(Listen.of(address, services, null, host));
                }
            } catch (IllegalArgumentException e) {
                tree.problem(address, String.valueOf(e.getMessage()), true);
            }
        }
        return all;
    }

    private Map<String, String> keys(YamlTree server) {
        Map<String, String> keys = new LinkedHashMap<>();
        YamlTree tree = server.child("api_key");
        for (String name : List.of("admin", "user", "metrics", "model", "goinfer", "openai")) {
            String key = tree.text(name);
            if (key == null) {
                continue;
            }
            if (key.contains("PLEASE")) {
                boolean harmless = noApiKey || fromEnvironment(name);
                tree.problem(
                        name,
                        "is a placeholder (expected: your own key; make one with: goinfer keys create)"
                                + (harmless ? "; it is not used" : ""),
                        !harmless);
            } else if (key.isBlank()) {
                tree.problem(name, "is empty", true);
            } else {
                keys.put(name, key);
            }
        }
        tree.refuseUnknown();
        put(keys, "admin", "GI_API_KEY");
        put(keys, "admin", "GI_API_KEY_ADMIN");
        put(keys, "user", "GI_API_KEY_USER");
        return keys;
    }

    private boolean fromEnvironment(String role) {
        return role.equals("admin")
                ? !variable("GI_API_KEY_ADMIN", variable("GI_API_KEY", "")).isEmpty()
                : role.equals("user") && !variable("GI_API_KEY_USER", "").isEmpty();
    }

    private void put(Map<String, String> keys, String role, String variable) {
        String value = variable(variable, "");
        if (!value.isEmpty()) {
            keys.put(role, value);
        }
    }

    private static GoinferConfig.Tls tls(YamlTree tree) {
        String certificate = tree.text("certificate");
        String key = tree.text("key");
        if ((certificate == null) != (key == null)) {
            tree.problem(certificate == null ? "key" : "certificate", "certificate and key go together", true);
        }
        tree.refuseUnknown();
        return new GoinferConfig.Tls(certificate, key);
    }

    private static GoinferConfig.NodeConfig node(YamlTree tree) {
        String name = tree.text("name");
        List<String> relays = tree.list("relays");
        Transport transport = transport(tree);
        boolean standby = !Boolean.FALSE.equals(tree.bool("standby"));
        List<BackendConfig> backends = new ArrayList<>();
        tree.each("backends", (text, item) -> {
            try {
                if (text != null) {
                    backends.add(BackendConfig.parse(text));
                } else {
                    String url = item.text("url");
                    String named = item.text("name");
                    String keyEnv = item.text("key_env");
                    String keyFile = item.text("key_file");
                    int slots = item.number("slots", 0, 0, 10_000);
                    item.refuseUnknown();
                    backends.add(BackendConfig.of(
                            named == null ? "" : named, url == null ? "" : url, keyEnv, keyFile, slots));
                }
            } catch (IllegalArgumentException e) {
                tree.problem("backends", String.valueOf(e.getMessage()), true);
            }
        });
        tree.refuseUnknown();
        return new GoinferConfig.NodeConfig(name, relays, transport, standby, backends);
    }

    private static Transport transport(YamlTree tree) {
        String text = tree.text("transport");
        if (text == null) {
            return Transport.AUTO;
        }
        for (Transport one : Transport.values()) {
            if (one.toString().equals(text)) {
                return one;
            }
        }
        tree.problem("transport", text + " (expected: auto, quic or tcp)", true);
        return Transport.AUTO;
    }

    private GoinferConfig.ModelsConfig models(YamlTree root) {
        List<String> texts = new ArrayList<>();
        String separator = File.pathSeparator;
        String variable = variable("GI_MODELS_DIR", "");
        for (String text : variable.isEmpty() ? root.list("models_dir") : List.of(variable)) {
            texts.addAll(List.of(text.split(Pattern.quote(separator))));
        }
        root.ignore("models_dir");
        List<Path> folders = texts.stream()
                .map(String::strip)
                .filter(text -> !text.isEmpty())
                .map(Path::of)
                .toList();
        YamlTree llama = root.child("llama");
        String exe = llama.text("exe");
        YamlTree args = llama.child("args");
        String common = args.text("common");
        String goinfer = args.text("goinfer");
        args.refuseUnknown();
        llama.refuseUnknown();
        String standard = variable("GI_DEFAULT_MODEL", "");
        String written = root.text("default_model");
        return new GoinferConfig.ModelsConfig(
                folders,
                variable("GI_LLAMA_EXE", exe == null ? "" : exe.strip()),
                common == null ? List.of() : CommandWords.split(common),
                goinfer == null ? List.of() : CommandWords.split(goinfer),
                !Boolean.FALSE.equals(root.bool("discover")),
                standard.isEmpty() ? written == null || written.isBlank() ? null : written.strip() : standard,
                ExtraModels.of(environment.get("GI_EXTRA_MODELS"), exe(exe)));
    }

    private String exe(@Nullable String configured) {
        String exe = variable("GI_LLAMA_EXE", configured == null ? "" : configured.strip());
        return exe.isEmpty() ? "llama-server" : exe;
    }

    private static Balance balance(YamlTree tree) {
        String text = tree.text("ungrouped");
        Balance.Ungrouped ungrouped = Balance.Ungrouped.BY_KIND;
        if ("swap".equals(text)) {
            ungrouped = Balance.Ungrouped.SWAP;
        } else if ("memory".equals(text)) {
            ungrouped = Balance.Ungrouped.MEMORY;
        } else if (text != null) {
            tree.problem("ungrouped", text + " (expected: swap or memory)", true);
        }
        Balance balance = new Balance(ungrouped, duration(tree, "min_loaded", Duration.ZERO), tree.list("pinned"));
        tree.refuseUnknown();
        return balance;
    }

    private static Limits limits(YamlTree tree) {
        Limits d = Limits.DEFAULT;
        long json = bytes(tree, "json_body", d.jsonBodyBytes());
        long body = bytes(tree, "body", d.bodyBytes());
        long select = bytes(tree, "select", d.selectBytes());
        long connections = number(tree, "connections", d.connections(), 1_000_000);
        long perAddress = number(tree, "connections_per_address", d.connectionsPerAddress(), 1_000_000);
        long streams = number(tree, "streams", d.streams(), 10_240);
        long queue = number(tree, "queue", d.queue(), 100_000);
        Duration drain = duration(tree, "drain", d.drain());
        Duration earlyHead = duration(tree, "early_head", d.earlyHead());
        Duration resume = duration(tree, "resume", d.resume());
        tree.refuseUnknown();
        return new Limits(
                json,
                body,
                (int) Math.min(select, 1 << 30),
                (int) connections,
                (int) perAddress,
                (int) streams,
                (int) queue,
                drain,
                earlyHead,
                resume);
    }

    private static long number(YamlTree tree, String key, long standard, long max) {
        String text = tree.text(key);
        if (text == null) {
            return standard;
        }
        if (!text.matches("\\d{1,9}") || Long.parseLong(text) < 1 || Long.parseLong(text) > max) {
            tree.problem(key, text + " (expected: 1 to " + max + ")", true);
            return standard;
        }
        return Long.parseLong(text);
    }

    private static long bytes(YamlTree tree, String key, long standard) {
        String text = tree.text(key);
        if (text == null) {
            return standard;
        }
        String lower = text.toLowerCase(Locale.ROOT).replace(" ", "");
        if (!lower.matches("\\d{1,12}(b|kib|mib|gib|k|m|g)?")) {
            tree.problem(key, text + " (expected: a size such as 32MiB)", true);
            return standard;
        }
        long value = Long.parseLong(lower.replaceAll("\\D", ""));
        char unit = lower.replaceAll("\\d", "").isEmpty()
                ? 'b'
                : lower.replaceAll("\\d", "").charAt(0);
        return value << (unit == 'g' ? 30 : unit == 'm' ? 20 : unit == 'k' ? 10 : 0);
    }

    private static Duration duration(YamlTree tree, String key, Duration standard) {
        String text = tree.text(key);
        if (text == null) {
            return standard;
        }
        if (!text.matches("\\d{1,6}(ms|s|m|h)?")) {
            tree.problem(key, text + " (expected: a duration such as 30s)", true);
            return standard;
        }
        long value = Long.parseLong(text.replaceAll("\\D", ""));
        return switch (text.replaceAll("\\d", "")) {
            case "ms" -> Duration.ofMillis(value);
            case "m" -> Duration.ofMinutes(value);
            case "h" -> Duration.ofHours(value);
            default -> Duration.ofSeconds(value);
        };
    }

    private String variable(String name, String standard) {
        String value = environment.get(name);
        return value == null || value.isBlank() ? standard : value.strip();
    }

    private void environmentProblems() {
        for (String name : environment.keySet()) {
            if (name.startsWith("GI_") && !VARIABLES.contains(name)) {
                problems.add(new ConfigProblem(
                        "environment", 0, name, "unknown variable" + Nearest.hint(name, VARIABLES), false));
            }
        }
    }
}
