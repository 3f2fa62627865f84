// SPDX-License-Identifier: MIT
package io.goinfer.proxy.config.swap;

import io.goinfer.proxy.config.ConfigException;
import io.goinfer.proxy.config.ConfigProblem;
import io.goinfer.proxy.config.YamlSources;
import io.goinfer.proxy.config.YamlTree;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.yaml.snakeyaml.nodes.Node;
import org.yaml.snakeyaml.nodes.ScalarNode;

/**
 * llama-swap.yml to a {@link SwapConfig}: environment macros in the text, then YAML, several files joined, macros, values. Collects every problem
 * before it throws.
 */
public final class SwapLoader {
    /** A configuration and what is odd about it. */
    public record Loaded(SwapConfig config, List<ConfigProblem> warnings) {}

    private SwapLoader() {}

    /**
     * A file, then the {@code .yml} and {@code .yaml} files of a folder in the order of their names. Either may be null.
     *
     * @throws IOException with a text for a person
     */
    public static Loaded load(@Nullable Path file, @Nullable Path folder, Map<String, String> environment)
            throws IOException, ConfigException {
        List<Path> files = new ArrayList<>();
        if (file != null) {
            files.add(file);
        }
        if (folder != null) {
            List<Path> found = files(folder);
            if (file != null && found.stream().anyMatch(one -> same(one, file))) {
                throw new IOException(file + " is also present in " + folder + "; remove it from one");
            }
            files.addAll(found);
        }
        if (files.isEmpty()) {
            throw new IOException("no configuration sources found"
                    + (folder == null ? "" : " in " + folder + " (expected: *.yml or *.yaml files)"));
        }
        Map<String, String> texts = new LinkedHashMap<>();
        for (Path one : files) {
            texts.put(one.toString(), Files.readString(one));
        }
        return parse(texts, environment);
    }

    /** The configuration files of a folder, sorted. */
    public static List<Path> files(Path folder) throws IOException {
        try (Stream<Path> all = Files.list(folder)) {
            return all.filter(one -> one.toString().matches(".*\\.ya?ml") && Files.isRegularFile(one))
                    .sorted()
                    .toList();
        }
    }

    private static boolean same(Path a, Path b) {
        try {
            return Files.isSameFile(a, b);
        } catch (IOException e) {
            return a.toAbsolutePath().normalize().equals(b.toAbsolutePath().normalize());
        }
    }

    /** For texts that are not in a file. */
    public static Loaded parse(String source, String text, Map<String, String> environment) throws ConfigException {
        return parse(Map.of(source, text), environment);
    }

    /** @param texts file → text, in the order in which they are joined */
    public static Loaded parse(Map<String, String> texts, Map<String, String> environment) throws ConfigException {
        SwapProblems all = new SwapProblems(texts.keySet().iterator().next());
        YamlSources sources = new YamlSources(texts.keySet().iterator().next());
        Node joined = null;
        for (Map.Entry<String, String> one : texts.entrySet()) {
            SwapProblems own = new SwapProblems(one.getKey());
            Node root = YamlTree.compose(
                    one.getKey(), EnvironmentMacros.substitute(one.getValue(), environment, own), own::add);
            boolean empty = root == null || root instanceof ScalarNode;
            sources.add(one.getKey(), root);
            if (!empty) {
                joined = new YamlJoin(own).join(joined, root, one.getKey());
            }
            own.all().forEach(all::add);
        }
        SwapConfig config = read(new YamlTree(sources, "", joined, all::add), all);
        if (all.fatal() || config == null) {
            throw new ConfigException(all.all());
        }
        return new Loaded(config, all.all());
    }

    private static @Nullable SwapConfig read(YamlTree root, SwapProblems problems) {
        Macros macros = new Macros();
        YamlTree declared = root.child("macros");
        declare(declared, macros);
        YamlTree global = root.mapped(key -> key.equals("models") || key.equals("macros") ? null : macros::expand);
        SettingsSection settings = new SettingsSection(global);
        SwapConfig.Settings values = settings.read();
        Map<String, SwapConfig.Model> models = new ModelSection(
                        macros, settings, values.startPort(), Boolean.TRUE.equals(global.bool("sendLoadingState")))
                .read(root.child("models"));
        Names names = new Names(models, problems);
        SwapConfig.Routing routing = RoutingSection.read(global, names);
        Map<String, SwapConfig.Peer> peers = PeerSection.read(global.child("peers"), names);
        Map<String, SwapConfig.Selector> selectors = SelectorSection.read(global.child("selectors"), names, routing);
        Map<String, SwapConfig.Profile> profiles = ProfileSection.read(global.child("profiles"), names);
        List<String> preload = preload(global.child("hooks"), names);
        List<String> keys = apiKeys(global);
        global.ignore("models");
        global.ignore("macros");
        LeftMacros.refuse(global, List.of("models", "macros"));
        global.warnUnknown();
        return problems.fatal()
                ? null
                : new SwapConfig(values, models, routing, profiles, selectors, peers, preload, keys);
    }

    static void declare(YamlTree tree, Macros macros) {
        for (String name : tree.keysInOrder()) {
            Node value = tree.node(name);
            String problem = value == null ? "has no value" : macros.declare(name, value);
            if (problem != null) {
                tree.problem(name, problem, true);
            }
        }
    }

    private static List<String> preload(YamlTree hooks, Names names) {
        YamlTree start = hooks.child("on_startup");
        List<String> ids = new ArrayList<>();
        for (String name : start.list("preload")) {
            String id = names.model(name);
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
            if (keys.get(i).isEmpty() || keys.get(i).equals("~") || keys.get(i).equals("null")) {
                global.problem("apiKeys", "empty api key found in apiKeys", true);
            } else if (keys.get(i).indexOf(' ') >= 0) {
                global.problem("apiKeys", "apiKeys[" + i + "]: api key cannot contain spaces", true);
            }
        }
        return keys;
    }
}
