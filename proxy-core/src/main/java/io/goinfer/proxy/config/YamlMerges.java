// SPDX-License-Identifier: MIT
package io.goinfer.proxy.config;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.yaml.snakeyaml.nodes.MappingNode;
import org.yaml.snakeyaml.nodes.Node;
import org.yaml.snakeyaml.nodes.NodeTuple;
import org.yaml.snakeyaml.nodes.ScalarNode;
import org.yaml.snakeyaml.nodes.SequenceNode;
import org.yaml.snakeyaml.nodes.Tag;

/** YAML's merge key: {@code <<: *defaults} takes over the members that are not there. */
final class YamlMerges {
    private YamlMerges() {}

    /** The tree with every merge key replaced by what it means. */
    static Node resolved(Node node) {
        return resolved(node, new IdentityHashMap<>());
    }

    private static Node resolved(Node node, Map<Node, Node> done) {
        Node known = done.get(node);
        if (known != null) {
            return known;
        }
        // A node that holds itself is left as it is.
        done.put(node, node);
        Node result = node;
        if (node instanceof SequenceNode sequence) {
            sequence.getValue().replaceAll(item -> resolved(item, done));
        } else if (node instanceof MappingNode mapping) {
            result = mapping(mapping, done);
        }
        done.put(node, result);
        return result;
    }

    private static Node mapping(MappingNode mapping, Map<Node, Node> done) {
        List<NodeTuple> own = new ArrayList<>();
        List<MappingNode> merged = new ArrayList<>();
        for (NodeTuple tuple : mapping.getValue()) {
            Node value = resolved(tuple.getValueNode(), done);
            boolean merge =
                    tuple.getKeyNode() instanceof ScalarNode key && key.getTag().equals(Tag.MERGE);
            if (merge && value instanceof MappingNode one) {
                merged.add(one);
            } else if (merge && value instanceof SequenceNode many) {
                many.getValue().forEach(item -> {
                    if (item instanceof MappingNode one) {
                        merged.add(one);
                    }
                });
            } else {
                own.add(new NodeTuple(tuple.getKeyNode(), value));
            }
        }
        Set<String> names = new HashSet<>();
        own.forEach(tuple -> names.add(name(tuple)));
        for (MappingNode one : merged) {
            for (NodeTuple tuple : one.getValue()) {
                if (names.add(name(tuple))) {
                    own.add(tuple);
                }
            }
        }
        MappingNode result = new MappingNode(
                mapping.getTag(), true, own, mapping.getStartMark(), mapping.getEndMark(), mapping.getFlowStyle());
        result.setAnchor(mapping.getAnchor());
        return result;
    }

    private static String name(NodeTuple tuple) {
        return tuple.getKeyNode() instanceof ScalarNode key ? key.getValue() : tuple.toString();
    }

    /** True if something in it is there to be used elsewhere. */
    static boolean holdsAnchor(@Nullable Node node) {
        if (node == null) {
            return false;
        }
        if (node.getAnchor() != null) {
            return true;
        }
        return node instanceof MappingNode mapping
                ? mapping.getValue().stream().anyMatch(tuple -> holdsAnchor(tuple.getValueNode()))
                : node instanceof SequenceNode sequence
                        && sequence.getValue().stream().anyMatch(YamlMerges::holdsAnchor);
    }
}
