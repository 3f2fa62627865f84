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

/**
 * {@code ${name}} in the values of a YAML tree, as llama-swap substitutes it: from the last declared macro to the first, so that a macro may use those
 * before it; a value that is one macro alone takes its type. Keys are never touched. Pure.
 */
final class Macros {
    private static final Pattern TOKEN = Pattern.compile("\\$\\{([A-Za-z0-9_-]+)}");

    /** Left for later: the port of the moment and the process to stop. */
    static final List<String> LATE = List.of("PORT", "PID");

    private final Map<String, ScalarNode> values = new LinkedHashMap<>();

    Macros() {}

    /** A copy to which a model's own macros are added. */
    Macros(Macros globals, String modelId, ScalarNode like) {
        values.put("MODEL_ID", text(like, modelId));
        values.putAll(globals.values);
    }

    /** Replaces in place what is declared already. Null, or what is wrong with it. */
    @Nullable
    String declare(String name, Node value) {
        if (!name.matches("[A-Za-z0-9_-]{1,63}")) {
            return "macro name '" + name + "' (expected: up to 63 of A-Z a-z 0-9 _ -)";
        }
        if (name.equals("PORT") || name.equals("PID") || name.equals("MODEL_ID")) {
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
            return new MappingNode(
                    mapping.getTag(),
                    true,
                    tuples,
                    mapping.getStartMark(),
                    mapping.getEndMark(),
                    mapping.getFlowStyle());
        }
        if (node instanceof SequenceNode sequence) {
            List<Node> items = new ArrayList<>();
            sequence.getValue().forEach(item -> items.add(expand(item)));
            return new SequenceNode(
                    sequence.getTag(),
                    true,
                    items,
                    sequence.getStartMark(),
                    sequence.getEndMark(),
                    sequence.getFlowStyle());
        }
        return node instanceof ScalarNode scalar && scalar.getValue().contains("${") ? expand(scalar) : node;
    }

    private ScalarNode expand(ScalarNode scalar) {
        ScalarNode result = text(scalar, withoutComments(scalar.getValue()));
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

    /** A macro that is named in a comment line of a command must not leak its own lines into it. */
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

    /** Tokens that are left, but for {@link #LATE}. */
    static List<String> leftIn(String text) {
        List<String> left = new ArrayList<>();
        Matcher matcher = TOKEN.matcher(text);
        while (matcher.find()) {
            if (!LATE.contains(matcher.group(1))) {
                left.add(matcher.group());
            }
        }
        return left;
    }
}
