// SPDX-License-Identifier: MIT
package io.goinfer.proxy.config.swap;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.yaml.snakeyaml.nodes.MappingNode;
import org.yaml.snakeyaml.nodes.Node;
import org.yaml.snakeyaml.nodes.NodeTuple;
import org.yaml.snakeyaml.nodes.ScalarNode;
import org.yaml.snakeyaml.nodes.SequenceNode;

/** Joins configuration files as llama-swap's {@code -config-dir} does: mappings and lists grow, the same entity or another value twice is an error. */
final class YamlJoin {
    /** Maps whose members are things of their own: each may stand in one file only. */
    private static final Set<String> ENTITIES = Set.of(
            "models",
            "groups",
            "profiles",
            "selectors",
            "peers",
            "matrix",
            "routing.router.settings.groups",
            "routing.router.settings.matrix");

    private final SwapProblems problems;

    YamlJoin(SwapProblems problems) {
        this.problems = problems;
    }

    /** Null counts as an empty mapping. */
    Node join(@Nullable Node before, @Nullable Node after, String file) {
        if (before == null || after == null) {
            return before == null ? java.util.Objects.requireNonNull(after) : before;
        }
        return join("", before, after, file);
    }

    private Node join(String path, Node before, Node after, String file) {
        if (isEmpty(after)) {
            return before;
        }
        if (isEmpty(before)) {
            return after;
        }
        if (before instanceof MappingNode left && after instanceof MappingNode right) {
            return mappings(path, left, right, file);
        }
        if (before instanceof SequenceNode left && after instanceof SequenceNode right) {
            List<Node> items = new ArrayList<>(left.getValue());
            items.addAll(right.getValue());
            return new SequenceNode(
                    left.getTag(), true, items, left.getStartMark(), left.getEndMark(), left.getFlowStyle());
        }
        boolean scalars = before instanceof ScalarNode && after instanceof ScalarNode;
        boolean same = scalars
                && before.getTag().equals(after.getTag())
                && ((ScalarNode) before).getValue().equals(((ScalarNode) after).getValue());
        if (!same) {
            conflict(
                    path,
                    after,
                    scalars
                            ? file + " sets a different value than a previous source"
                            : "incompatible YAML node kinds in " + file);
        }
        return before;
    }

    private Node mappings(String path, MappingNode left, MappingNode right, String file) {
        List<NodeTuple> tuples = new ArrayList<>(left.getValue());
        for (NodeTuple added : right.getValue()) {
            String name = name(added);
            String inner = path.isEmpty() ? name : path + "." + name;
            int index = indexOf(tuples, name);
            if (index < 0) {
                tuples.add(added);
            } else if (ENTITIES.contains(path)) {
                conflict(
                        inner,
                        added.getKeyNode(),
                        "duplicate " + path + " \"" + name + "\" found in " + file
                                + " (already defined in another config source)");
            } else {
                NodeTuple there = tuples.get(index);
                tuples.set(
                        index,
                        new NodeTuple(
                                there.getKeyNode(), join(inner, there.getValueNode(), added.getValueNode(), file)));
            }
        }
        return new MappingNode(
                left.getTag(), true, tuples, left.getStartMark(), left.getEndMark(), left.getFlowStyle());
    }

    private void conflict(String path, Node at, String message) {
        String text = message.startsWith("duplicate ") ? message : "conflict at \"" + path + "\": " + message;
        problems.fatal(at.getStartMark() == null ? 0 : at.getStartMark().getLine() + 1, path, text);
    }

    private static int indexOf(List<NodeTuple> tuples, String name) {
        for (int i = 0; i < tuples.size(); i++) {
            if (name(tuples.get(i)).equals(name)) {
                return i;
            }
        }
        return -1;
    }

    private static String name(NodeTuple tuple) {
        return tuple.getKeyNode() instanceof ScalarNode key ? key.getValue() : "";
    }

    /** Nothing was written behind the colon; a written {@code null} is a value. */
    private static boolean isEmpty(Node node) {
        return node instanceof ScalarNode scalar && scalar.getValue().isEmpty() && scalar.isPlain();
    }
}
