// SPDX-License-Identifier: MIT
package io.goinfer.proxy.config;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.yaml.snakeyaml.nodes.MappingNode;
import org.yaml.snakeyaml.nodes.Node;
import org.yaml.snakeyaml.nodes.NodeTuple;
import org.yaml.snakeyaml.nodes.ScalarNode;
import org.yaml.snakeyaml.nodes.SequenceNode;

/** One mapping of a YAML file with its place in it: typed reads that collect problems instead of throwing. */
final class YamlTree {
    private final String source;
    private final String path;
    private final Map<String, Node> values = new LinkedHashMap<>();
    private final Map<String, Integer> lines = new LinkedHashMap<>();
    private final Set<String> read = new java.util.HashSet<>();
    private final List<String> known = new ArrayList<>();
    private final Consumer<ConfigProblem> problems;

    YamlTree(String source, String path, @Nullable Node node, Consumer<ConfigProblem> problems) {
        this.source = source;
        this.path = path;
        this.problems = problems;
        if (node instanceof MappingNode mapping) {
            for (NodeTuple tuple : mapping.getValue()) {
                String key = tuple.getKeyNode() instanceof ScalarNode scalar ? scalar.getValue() : "?";
                if (values.put(key, tuple.getValueNode()) != null) {
                    problem(key, line(tuple.getKeyNode()), "the key stands twice", true);
                }
                lines.put(key, line(tuple.getKeyNode()));
            }
        } else if (node != null && !isNull(node)) {
            problem("", line(node), "expected a mapping (key: value)", true);
        }
    }

    private static int line(Node node) {
        return node.getStartMark().getLine() + 1;
    }

    private static boolean isNull(Node node) {
        return node instanceof ScalarNode scalar
                && (scalar.getValue().isEmpty() || scalar.getValue().equals("null"));
    }

    YamlTree child(String key) {
        return new YamlTree(source, path + key + ".", take(key), problems);
    }

    @Nullable
    String text(String key) {
        Node node = take(key);
        if (node == null || isNull(node)) {
            return null;
        }
        if (node instanceof ScalarNode scalar) {
            return scalar.getValue();
        }
        problem(key, "expected one value", true);
        return null;
    }

    @Nullable
    Boolean bool(String key) {
        String text = text(key);
        if (text == null) {
            return null;
        }
        if (!text.equals("true") && !text.equals("false")) {
            problem(key, text + " (expected: true or false)", true);
        }
        return text.equals("true");
    }

    /** A list, or one string with commas. */
    List<String> list(String key) {
        Node node = take(key);
        List<String> list = new ArrayList<>();
        if (node instanceof SequenceNode sequence) {
            for (Node item : sequence.getValue()) {
                if (item instanceof ScalarNode scalar) {
                    list.add(scalar.getValue().strip());
                } else {
                    problem(key, "expected a list of texts", true);
                }
            }
        } else if (node instanceof ScalarNode scalar) {
            for (String item : scalar.getValue().split(",")) {
                if (!item.isBlank()) {
                    list.add(item.strip());
                }
            }
        } else if (node != null) {
            problem(key, "expected a list", true);
        }
        return list;
    }

    /** Items of a list, each a mapping or, given as {@code scalar}, one text. */
    void each(String key, BiConsumer<@Nullable String, YamlTree> user) {
        Node node = take(key);
        if (node instanceof SequenceNode sequence) {
            for (int i = 0; i < sequence.getValue().size(); i++) {
                Node item = sequence.getValue().get(i);
                String text = item instanceof ScalarNode scalar ? scalar.getValue() : null;
                YamlTree tree = new YamlTree(source, path + key + "[" + i + "].", text == null ? item : null, problems);
                user.accept(text, tree);
            }
        } else if (node != null && !isNull(node)) {
            problem(key, "expected a list", true);
        }
    }

    /** Keys as they stand: for mappings whose keys are data. */
    Set<String> keys() {
        return Set.copyOf(values.keySet());
    }

    List<String> keysInOrder() {
        return List.copyOf(values.keySet());
    }

    /** The key is known; its value does not matter. */
    void ignore(String key) {
        read.add(key);
    }

    boolean isMapping(String key) {
        return values.get(key) instanceof MappingNode;
    }

    void problem(String key, String message, boolean fatal) {
        problem(key, lines.getOrDefault(key, 0), message, fatal);
    }

    private void problem(String key, int line, String message, boolean fatal) {
        String full = path + key;
        problems.accept(new ConfigProblem(
                source, line, full.endsWith(".") ? full.substring(0, full.length() - 1) : full, message, fatal));
    }

    /** To be called last: every key that nobody asked for is unknown. */
    void refuseUnknown() {
        for (String key : values.keySet()) {
            if (!read.contains(key)) {
                problem(key, "unknown key" + Nearest.hint(key, known), true);
            }
        }
    }

    private @Nullable Node take(String key) {
        read.add(key);
        known.add(key);
        return values.get(key);
    }
}
