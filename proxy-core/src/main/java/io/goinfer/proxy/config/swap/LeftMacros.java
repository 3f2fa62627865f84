// SPDX-License-Identifier: MIT
package io.goinfer.proxy.config.swap;

import io.goinfer.proxy.config.YamlTree;
import java.util.Collection;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.yaml.snakeyaml.nodes.MappingNode;
import org.yaml.snakeyaml.nodes.Node;
import org.yaml.snakeyaml.nodes.ScalarNode;
import org.yaml.snakeyaml.nodes.SequenceNode;

/** Macros that nothing replaced: unknown, declared too late, or of a place where they do not exist. With llama-swap's words. */
final class LeftMacros {
    private LeftMacros() {}

    /** Of the top level. */
    static void refuse(YamlTree global, Collection<String> without) {
        for (String key : global.keysInOrder()) {
            if (!without.contains(key) && global.isKnown(key)) {
                for (String token : in(global.peek(key))) {
                    global.problem(key, key + ": unknown macro '" + token + "'", true);
                }
            }
        }
    }

    /** Of one model; {@code ${PID}} belongs into cmdStop. */
    static void refuse(YamlTree model, String id) {
        for (String key : model.keysInOrder()) {
            if (key.equals("macros")) {
                continue;
            }
            for (String token : in(model.peek(key))) {
                boolean known = token.equals("${PORT}") || token.equals("${PID}");
                boolean ownError = token.equals("${PORT}") && key.equals("proxy");
                if (token.equals("${PID}") && key.equals("cmdStop") || ownError) {
                    continue;
                }
                String where = id + "." + key;
                model.problem(
                        key,
                        known
                                ? "macro '" + token + "' should have been substituted in " + where
                                        + (token.equals("${PID}") ? " (it is only available in cmdStop)" : "")
                                : "unknown macro '" + token + "' found in " + where,
                        true);
            }
        }
    }

    private static List<String> in(@Nullable Node node) {
        if (node instanceof ScalarNode scalar) {
            return Macros.leftIn(scalar.getValue());
        }
        if (node instanceof SequenceNode sequence) {
            return sequence.getValue().stream()
                    .flatMap(item -> in(item).stream())
                    .toList();
        }
        return node instanceof MappingNode mapping
                ? mapping.getValue().stream()
                        .flatMap(tuple -> in(tuple.getValueNode()).stream())
                        .toList()
                : List.of();
    }
}
