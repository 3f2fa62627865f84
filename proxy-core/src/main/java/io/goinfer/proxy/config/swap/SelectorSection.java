// SPDX-License-Identifier: MIT
package io.goinfer.proxy.config.swap;

import io.goinfer.proxy.config.YamlTree;
import io.goinfer.proxy.config.swap.SwapConfig.Strategy;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.yaml.snakeyaml.nodes.Node;

/** {@code selectors:}: names that stand for one of several models. */
final class SelectorSection {
    private SelectorSection() {}

    static Map<String, SwapConfig.Selector> read(YamlTree tree, Names names, SwapConfig.Routing routing) {
        for (String id : tree.keysInOrder()) {
            if (names.anything(id)) {
                tree.problem(id, "selector \"" + id + "\" has the name of a model, an alias or a peer's model", true);
            }
            names.selector(id);
        }
        Map<String, SwapConfig.Selector> selectors = new TreeMap<>();
        for (String id : tree.keysInOrder()) {
            YamlTree one = tree.child(id);
            Strategy strategy = strategy(one, id);
            YamlTree settings = one.child("settings");
            int spillover = settings.number("spillover", 1, Integer.MIN_VALUE, Integer.MAX_VALUE);
            if (spillover < 1) {
                settings.problem("spillover", spillover + " (expected: >= 1)", true);
            }
            settings.warnUnknown();
            List<String> targets = targets(one, id, strategy, names, routing);
            Node metadata = one.isMapping("metadata") ? one.node("metadata") : null;
            one.ignore("metadata");
            String name = one.text("name");
            String description = one.text("description");
            selectors.put(
                    id,
                    new SwapConfig.Selector(
                            id,
                            strategy,
                            targets,
                            Math.max(1, spillover),
                            name == null ? "" : name.strip(),
                            description == null ? "" : description.strip(),
                            Boolean.TRUE.equals(one.bool("unlisted")),
                            metadata == null ? "" : YamlJson.text(metadata)));
            one.warnUnknown();
        }
        return selectors;
    }

    private static Strategy strategy(YamlTree tree, String id) {
        String text = tree.text("strategy");
        for (Strategy one : Strategy.values()) {
            if (one.name().toLowerCase(Locale.ROOT).equals(text)) {
                return one;
            }
        }
        tree.problem(
                "strategy",
                "selector \"" + id + "\": strategy " + (text == null ? "is required" : text)
                        + " (expected: pin, warm or spillover)",
                true);
        return Strategy.PIN;
    }

    private static List<String> targets(
            YamlTree tree, String id, Strategy strategy, Names names, SwapConfig.Routing routing) {
        List<String> targets = tree.list("targets");
        if (targets.isEmpty()) {
            tree.problem("targets", "selector \"" + id + "\": at least one target is required", true);
        }
        List<String> local = new ArrayList<>();
        HashSet<String> distinct = new HashSet<>();
        for (String target : targets) {
            String model = names.model(target);
            String peer = names.peerModel(target);
            if (names.isSelector(target)) {
                tree.problem("targets", "selector \"" + id + "\": target " + target + " is a selector", true);
            } else if (model == null && peer == null) {
                tree.problem("targets", "selector \"" + id + "\": unknown target \"" + target + "\"", true);
            } else if (strategy == Strategy.WARM && model == null) {
                tree.problem("targets", "selector \"" + id + "\": target " + target + " of warm must be local", true);
            }
            if (model != null) {
                local.add(model);
            }
            boolean fresh = distinct.add(model != null ? model : String.valueOf(peer));
            if (strategy == Strategy.SPILLOVER && !fresh) {
                tree.problem("targets", "selector \"" + id + "\": " + target + " stands twice", true);
            }
        }
        if (strategy == Strategy.SPILLOVER && !coexist(local, routing)) {
            tree.problem(
                    "targets",
                    "selector \"" + id
                            + "\": local targets of spillover must be able to run together: one group with swap: false, or one matrix set",
                    true);
        }
        return targets;
    }

    private static boolean coexist(List<String> ids, SwapConfig.Routing routing) {
        if (ids.size() < 2) {
            return true;
        }
        SwapConfig.Matrix matrix = routing.matrix();
        if (matrix == null) {
            return routing.groups().stream()
                    .anyMatch(group -> !group.swap() && group.members().containsAll(ids));
        }
        return matrix.sets().values().stream()
                .flatMap(set -> set.covers(ids, matrix.sets()).stream())
                .anyMatch(bits -> isFull(bits, ids.size()));
    }

    private static boolean isFull(@Nullable BitSet bits, int size) {
        return bits != null && bits.cardinality() == size;
    }
}
