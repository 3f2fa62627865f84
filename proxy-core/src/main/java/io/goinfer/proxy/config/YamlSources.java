// SPDX-License-Identifier: MIT
package io.goinfer.proxy.config;

import java.util.IdentityHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.yaml.snakeyaml.error.Mark;
import org.yaml.snakeyaml.nodes.MappingNode;
import org.yaml.snakeyaml.nodes.Node;
import org.yaml.snakeyaml.nodes.SequenceNode;

/** Which file a node came from, for messages. A node that was made from another keeps its mark and so its file. */
public final class YamlSources {
    private final String main;
    private final Map<Mark, String> files = new IdentityHashMap<>();

    /** @param main what is said of nodes of no other file */
    public YamlSources(String main) {
        this.main = main;
    }

    public void add(String file, @Nullable Node node) {
        if (node == null || files.putIfAbsent(node.getStartMark(), file) != null) {
            return;
        }
        if (node instanceof MappingNode mapping) {
            mapping.getValue().forEach(tuple -> {
                add(file, tuple.getKeyNode());
                add(file, tuple.getValueNode());
            });
        } else if (node instanceof SequenceNode sequence) {
            sequence.getValue().forEach(item -> add(file, item));
        }
    }

    String of(@Nullable Node node) {
        return node == null ? main : files.getOrDefault(node.getStartMark(), main);
    }
}
