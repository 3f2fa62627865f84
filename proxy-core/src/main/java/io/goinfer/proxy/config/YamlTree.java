// SPDX-License-Identifier: MIT
package io.goinfer.proxy.config;

import java.io.StringReader;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.error.MarkedYAMLException;
import org.yaml.snakeyaml.error.YAMLException;
import org.yaml.snakeyaml.nodes.MappingNode;
import org.yaml.snakeyaml.nodes.Node;
import org.yaml.snakeyaml.nodes.NodeTuple;
import org.yaml.snakeyaml.nodes.ScalarNode;
import org.yaml.snakeyaml.nodes.SequenceNode;

/** One mapping of a YAML file with its place in it: typed reads that collect problems instead of throwing. */
public final class YamlTree {
    private static final Set<String> TRUE = Set.of("true", "yes", "on", "y");
    private static final Set<String> FALSE = Set.of("false", "no", "off", "n");

    private final YamlSources sources;
    private final String path;
    private final Map<String, Node> values = new LinkedHashMap<>();
    private final Map<String, Node> keyNodes = new LinkedHashMap<>();
    private final Set<String> read = new java.util.HashSet<>();
    private final List<String> known = new ArrayList<>();
    private final Consumer<ConfigProblem> problems;

    public YamlTree(String source, String path, @Nullable Node node, Consumer<ConfigProblem> problems) {
        this(new YamlSources(source), path, node, problems);
    }

    public YamlTree(YamlSources sources, String path, @Nullable Node node, Consumer<ConfigProblem> problems) {
        this.sources = sources;
        this.path = path;
        this.problems = problems;
        if (node instanceof MappingNode mapping) {
            for (NodeTuple tuple : mapping.getValue()) {
                String key = tuple.getKeyNode() instanceof ScalarNode scalar ? scalar.getValue() : "?";
                if (values.put(key, tuple.getValueNode()) != null) {
                    problem(key, tuple.getKeyNode(), "the key stands twice", true);
                }
                keyNodes.put(key, tuple.getKeyNode());
            }
        } else if (node != null && !isNull(node)) {
            problem("", node, "expected a mapping (key: value)", true);
        }
    }

    /** A YAML text as a tree of nodes; null if it is empty or no YAML, which is then among the problems. */
    public static @Nullable Node compose(String source, String text, Consumer<ConfigProblem> problems) {
        LoaderOptions options = new LoaderOptions();
        options.setAllowDuplicateKeys(true);
        options.setMaxAliasesForCollections(20);
        options.setCodePointLimit(1 << 20);
        try {
            Node node = new Yaml(options).compose(new StringReader(text));
            return node == null ? null : YamlMerges.resolved(node);
        } catch (MarkedYAMLException e) {
            int line = e.getProblemMark() == null ? 0 : e.getProblemMark().getLine() + 1;
            problems.accept(new ConfigProblem(source, line, "", "YAML: " + e.getProblem(), true));
        } catch (YAMLException e) {
            problems.accept(new ConfigProblem(source, 0, "", "YAML: " + e.getMessage(), true));
        }
        return null;
    }

    /** The same mapping with values changed; a key for which {@code changes} gives null keeps its value. */
    public YamlTree mapped(Function<String, @Nullable UnaryOperator<Node>> changes) {
        YamlTree copy = new YamlTree(sources, path, null, problems);
        copy.keyNodes.putAll(keyNodes);
        values.forEach((key, node) -> {
            UnaryOperator<Node> change = changes.apply(key);
            copy.values.put(key, change == null ? node : change.apply(node));
        });
        return copy;
    }

    private static int line(@Nullable Node node) {
        return node == null || node.getStartMark() == null
                ? 0
                : node.getStartMark().getLine() + 1;
    }

    private static boolean isNull(Node node) {
        return node instanceof ScalarNode scalar
                && (scalar.getValue().isEmpty()
                        || scalar.getValue().equals("null")
                        || scalar.getValue().equals("~") && scalar.isPlain());
    }

    public YamlTree child(String key) {
        return new YamlTree(sources, path + key + ".", take(key), problems);
    }

    @Nullable
    public String text(String key) {
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
    public Boolean bool(String key) {
        String text = text(key);
        if (text == null) {
            return null;
        }
        String word = text.toLowerCase(Locale.ROOT);
        if (!TRUE.contains(word) && !FALSE.contains(word)) {
            problem(key, text + " (expected: true or false)", true);
        }
        return TRUE.contains(word);
    }

    /** A list, or one string with commas. */
    public List<String> list(String key) {
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
    public void each(String key, BiConsumer<@Nullable String, YamlTree> user) {
        Node node = take(key);
        if (node instanceof SequenceNode sequence) {
            for (int i = 0; i < sequence.getValue().size(); i++) {
                Node item = sequence.getValue().get(i);
                String text = item instanceof ScalarNode scalar ? scalar.getValue() : null;
                YamlTree tree =
                        new YamlTree(sources, path + key + "[" + i + "].", text == null ? item : null, problems);
                user.accept(text, tree);
            }
        } else if (node != null && !isNull(node)) {
            problem(key, "expected a list", true);
        }
    }

    /** Keys as they stand: for mappings whose keys are data. */
    public Set<String> keys() {
        return Set.copyOf(values.keySet());
    }

    public List<String> keysInOrder() {
        return List.copyOf(values.keySet());
    }

    /** The value itself, for who substitutes in it. */
    public @Nullable Node node(String key) {
        return take(key);
    }

    /** Somebody asked for this key. */
    public boolean isKnown(String key) {
        return read.contains(key);
    }

    /** The value itself, without taking it for read. */
    public @Nullable Node peek(String key) {
        return values.get(key);
    }

    /** Any scalar below this mapping, or null: a pattern for one that is made. */
    public @Nullable ScalarNode anyScalar() {
        for (Node node : values.values()) {
            if (node instanceof ScalarNode scalar) {
                return scalar;
            }
        }
        return null;
    }

    /** False for what is absent, null, empty or false. */
    public boolean isSet(String key) {
        Node node = values.get(key);
        return node instanceof ScalarNode scalar
                ? !isNull(node) && !scalar.getValue().equals("false")
                : node instanceof MappingNode mapping
                        ? !mapping.getValue().isEmpty()
                        : node instanceof SequenceNode sequence
                                && !sequence.getValue().isEmpty();
    }

    /** A whole number within bounds, or the standard where the key is absent or wrong. */
    public int number(String key, int standard, int min, int max) {
        String text = text(key);
        if (text == null) {
            return standard;
        }
        try {
            int value = integer(text.strip());
            if (value >= min && value <= max) {
                return value;
            }
        } catch (ArithmeticException | NumberFormatException e) {
            problem(key, text + " (expected: a number)", true);
            return standard;
        }
        problem(key, text + " (expected: " + min + " to " + max + ")", true);
        return standard;
    }

    /** As YAML 1.1 writes whole numbers: also {@code 0x10}, {@code 0o17}, {@code 017}, {@code 1_000} and {@code 1e2}. */
    private static int integer(String text) {
        String plain = text.replace("_", "");
        if (plain.matches("[-+]?0[xX][0-9a-fA-F]{1,8}")) {
            return Integer.decode(plain);
        }
        if (plain.matches("0o?[0-7]{1,10}")) {
            return Integer.parseInt(plain.replace("o", ""), 8);
        }
        if (plain.matches("\\d{1,9}(\\.0+)?[eE]\\+?\\d")) {
            return new java.math.BigDecimal(plain).intValueExact();
        }
        return Integer.parseInt(plain);
    }

    /** The key is known; its value does not matter. */
    public void ignore(String key) {
        read.add(key);
    }

    public boolean isMapping(String key) {
        return values.get(key) instanceof MappingNode;
    }

    public void problem(String key, String message, boolean fatal) {
        problem(key, keyNodes.get(key), message, fatal);
    }

    private void problem(String key, @Nullable Node at, String message, boolean fatal) {
        String full = path + key;
        problems.accept(new ConfigProblem(
                sources.of(at),
                line(at),
                full.endsWith(".") ? full.substring(0, full.length() - 1) : full,
                message,
                fatal));
    }

    /** To be called last: every key that nobody asked for is unknown. */
    public void refuseUnknown() {
        for (String key : values.keySet()) {
            if (!read.contains(key)) {
                problem(key, "unknown key" + Nearest.hint(key, known), true);
            }
        }
    }

    /** Like {@link #refuseUnknown}, for files that other programs read too. A key that only holds anchors for others is no mistake. */
    public void warnUnknown() {
        for (String key : values.keySet()) {
            if (!read.contains(key) && !key.startsWith("x-") && !YamlMerges.holdsAnchor(values.get(key))) {
                problem(key, "unknown key" + Nearest.hint(key, known), false);
            }
        }
    }

    private @Nullable Node take(String key) {
        read.add(key);
        known.add(key);
        return values.get(key);
    }
}
