// SPDX-License-Identifier: MIT
package io.goinfer.proxy.config.swap;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.yaml.snakeyaml.nodes.MappingNode;
import org.yaml.snakeyaml.nodes.Node;
import org.yaml.snakeyaml.nodes.NodeTuple;
import org.yaml.snakeyaml.nodes.ScalarNode;
import org.yaml.snakeyaml.nodes.SequenceNode;
import org.yaml.snakeyaml.nodes.Tag;

/**
 * {@code ${name}} in the values of a YAML tree, as llama-swap substitutes it: from the last declared macro to the first, so that a macro may use those
 * before it; a value that is one macro alone takes its type. Keys are never touched. Pure.
 */
final class Macros {
    private static final Pattern TOKEN = Pattern.compile("\\$\\{([A-Za-z0-9_-]+)}");

    private static final List<String> RESERVED = List.of("PORT", "PID", "MODEL_ID");

    private final Map<String, ScalarNode> values = new LinkedHashMap<>();

    Macros() {}

    /** A copy to which a model's own macros are added. */
    Macros(Macros globals, String modelId, ScalarNode like) {
        values.put("MODEL_ID", text(like, modelId));
        values.putAll(globals.values);
    }

    /** The port as a number, behind all others: every macro may hold it. */
    Macros withPort(int port, ScalarNode like) {
        Macros all = new Macros();
        all.values.put(
                "PORT",
                new ScalarNode(
                        Tag.INT,
                        Integer.toString(port),
                        like.getStartMark(),
                        like.getEndMark(),
                        like.getScalarStyle()));
        all.values.putAll(values);
        return all;
    }

    /** Replaces in place what is declared already. Null, or what is wrong with it. */
    @Nullable
    String declare(String name, Node value) {
        if (!name.matches("[A-Za-z0-9_-]{1,63}")) {
            return "macro name '" + name + "' (expected: up to 63 of A-Z a-z 0-9 _ -)";
        }
        if (RESERVED.contains(name)) {
            return "macro name '" + name + "' is reserved";
        }
        if (!(value instanceof ScalarNode scalar)) {
            return "macro '" + name + "' has invalid type, must be a scalar type (string, int, float, or bool)";
        }
        if (scalar.getValue().contains("${" + name + "}")) {
            return "macro '" + name + "' contains self-reference";
        }
        values.put(name, scalar);
        return null;
    }

    /** The tree with every macro replaced. */
    Node expand(Node node) {
        if (node instanceof MappingNode mapping) {
            List<NodeTuple> tuples = new ArrayList<>();
            mapping.getValue()
                    .forEach(tuple -> tuples.add(new NodeTuple(tuple.getKeyNode(), expand(tuple.getValueNode()))));
            return anchored(
                    node,
                    new MappingNode(
                            mapping.getTag(),
                            true,
                            tuples,
                            mapping.getStartMark(),
                            mapping.getEndMark(),
                            mapping.getFlowStyle()));
        }
        if (node instanceof SequenceNode sequence) {
            List<Node> items = new ArrayList<>();
            sequence.getValue().forEach(item -> items.add(expand(item)));
            return anchored(
                    node,
                    new SequenceNode(
                            sequence.getTag(),
                            true,
                            items,
                            sequence.getStartMark(),
                            sequence.getEndMark(),
                            sequence.getFlowStyle()));
        }
        return node instanceof ScalarNode scalar && scalar.getValue().contains("${") ? expand(scalar) : node;
    }

    private static Node anchored(Node like, Node copy) {
        copy.setAnchor(like.getAnchor());
        return copy;
    }

    /** A command: comment lines go first, so that a macro that is named in one does not leak its own lines into it. */
    Node expandCommand(Node node) {
        return node instanceof ScalarNode scalar
                ? expand(text(scalar, withoutComments(scalar.getValue())))
                : expand(node);
    }

    /** A name that may hold macros. */
    String expand(String text, ScalarNode like) {
        return expand(text(like, text)).getValue();
    }

    private ScalarNode expand(ScalarNode scalar) {
        ScalarNode result = scalar;
        List<String> names = new ArrayList<>(values.keySet());
        java.util.Collections.reverse(names);
        for (String name : names) {
            String token = "${" + name + "}";
            ScalarNode macro = values.get(name);
            if (macro != null && result.getValue().equals(token)) {
                result = new ScalarNode(
                        macro.getTag(),
                        macro.getValue(),
                        scalar.getStartMark(),
                        scalar.getEndMark(),
                        macro.getScalarStyle());
            } else if (macro != null && result.getValue().contains(token)) {
                result = text(scalar, result.getValue().replace(token, macro.getValue()));
            }
        }
        return result;
    }

    private static String withoutComments(String text) {
        if (text.indexOf('\n') < 0) {
            return text;
        }
        StringBuilder kept = new StringBuilder();
        for (String line : text.split("\n", -1)) {
            if (!line.strip().startsWith("#")) {
                kept.append(kept.length() == 0 ? "" : "\n").append(line);
            }
        }
        return kept.toString();
    }

    private static ScalarNode text(ScalarNode like, String value) {
        return new ScalarNode(like.getTag(), value, like.getStartMark(), like.getEndMark(), like.getScalarStyle());
    }

    /** Macros that are left in a text, as they stand. */
    static List<String> leftIn(String text) {
        List<String> left = new ArrayList<>();
        Matcher matcher = TOKEN.matcher(text);
        while (matcher.find()) {
            left.add(matcher.group());
        }
        return left;
    }
}
