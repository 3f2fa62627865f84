// SPDX-License-Identifier: MIT
package io.goinfer.proxy.config.swap;

import io.goinfer.proxy.config.YamlTree;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import org.yaml.snakeyaml.nodes.Node;
import org.yaml.snakeyaml.nodes.ScalarNode;

/** {@code filters:} of a model or peer. {@code model} can be neither taken out nor put in. */
final class FilterSection {
    private FilterSection() {}

    /** @param macros for the keys of setParamsByID, the only keys that may hold any; null = none */
    static SwapConfig.Filters read(YamlTree tree, @Nullable Macros macros, @Nullable ScalarNode like) {
        List<String> strip = tree.list("stripParams");
        List<String> old = tree.list("strip_params");
        TreeSet<String> names = new TreeSet<>(strip.isEmpty() ? old : strip);
        names.remove("model");
        Map<String, Map<String, String>> byId = new TreeMap<>();
        YamlTree ids = tree.child("setParamsByID");
        for (String key : ids.keysInOrder()) {
            String name = macros == null || like == null ? key : macros.expand(key, like);
            for (String left : Macros.leftIn(name)) {
                ids.problem(key, "unknown macro '" + left + "'", true);
            }
            if (byId.put(name, set(ids.child(key))) != null) {
                ids.problem(key, "two keys of setParamsByID resolve to the same value " + name, true);
            }
        }
        SwapConfig.Filters filters = new SwapConfig.Filters(List.copyOf(names), set(tree.child("setParams")), byId);
        tree.warnUnknown();
        return filters;
    }

    private static Map<String, String> set(YamlTree tree) {
        Map<String, String> set = new TreeMap<>();
        for (String name : tree.keysInOrder()) {
            Node value = tree.node(name);
            if (value != null && !name.equals("model")) {
                set.put(name, YamlJson.text(value));
            }
        }
        return set;
    }
}
