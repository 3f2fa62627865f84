// SPDX-License-Identifier: MIT
package io.goinfer.proxy.config.swap;

import io.goinfer.proxy.config.YamlTree;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/** {@code routing:}, and the older places of its groups and matrix at the top. */
final class RoutingSection {
    private static final List<String> OLD = List.of("groups", "matrix");

    private RoutingSection() {}

    static SwapConfig.Routing read(YamlTree global, Names names) {
        YamlTree routing = global.child("routing");
        YamlTree router = routing.child("router");
        YamlTree settings = router.child("settings");
        for (String key : OLD) {
            if (global.isSet(key) && settings.isSet(key)) {
                global.problem(key, "stands here and in routing.router.settings; keep only the second", true);
            }
        }
        List<SwapConfig.Group> groups = new ArrayList<>();
        Map<String, String> groupOf = new HashMap<>();
        for (YamlTree of : List.of(global.child("groups"), settings.child("groups"))) {
            of.keysInOrder().forEach(name -> groups.add(group(name, of, names, groupOf)));
        }
        boolean oldMatrix = global.isSet("matrix");
        YamlTree matrixTree = oldMatrix ? global.child("matrix") : settings.child("matrix");
        global.ignore("matrix");
        settings.ignore("matrix");
        SwapConfig.Matrix matrix = oldMatrix || settings.isSet("matrix") ? matrix(matrixTree, names) : null;
        String use = router.text("use");
        boolean known = use == null || use.isEmpty() || use.equals("group") || use.equals("matrix");
        if (!known) {
            router.problem("use", "routing.router.use: unknown router \"" + use + "\" (valid: group, matrix)", true);
        }
        boolean useMatrix = "matrix".equals(use) || (use == null || use.isEmpty()) && oldMatrix;
        if ("matrix".equals(use) && matrix == null) {
            router.problem("use", "routing.router.use: matrix needs routing.router.settings.matrix", true);
        }
        Map<String, Integer> priority = priority(routing.child("scheduler"), names);
        settings.warnUnknown();
        router.warnUnknown();
        routing.warnUnknown();
        return new SwapConfig.Routing(groups, useMatrix ? matrix : null, priority);
    }

    private static SwapConfig.Group group(String name, YamlTree groups, Names names, Map<String, String> groupOf) {
        YamlTree tree = groups.child(name);
        Set<String> members = new LinkedHashSet<>();
        for (String member : tree.list("members")) {
            String id = names.model(member);
            if (id == null) {
                tree.problem("members", "no model is called " + member, false);
                continue;
            }
            String other = groupOf.put(id, name);
            if (other != null) {
                tree.problem("members", "model " + id + " is in group " + other + " already", true);
            }
            members.add(id);
        }
        boolean swap = !Boolean.FALSE.equals(tree.bool("swap"));
        boolean exclusive = !Boolean.FALSE.equals(tree.bool("exclusive"));
        boolean persistent = Boolean.TRUE.equals(tree.bool("persistent"));
        tree.warnUnknown();
        return new SwapConfig.Group(name, swap, exclusive, persistent, members);
    }

    private static SwapConfig.Matrix matrix(YamlTree tree, Names names) {
        Map<String, String> vars = new TreeMap<>();
        YamlTree varsTree = tree.child("vars");
        for (String name : varsTree.keysInOrder()) {
            String target = varsTree.text(name);
            String id = target == null ? null : names.model(target);
            if (!name.matches("[a-zA-Z0-9.-]{1,32}")) {
                varsTree.problem(name, name + " (expected: up to 32 of A-Z a-z 0-9 . -)", true);
            } else if (id == null) {
                varsTree.problem(name, "no model is called " + target, true);
            } else {
                vars.put(name, id);
            }
        }
        Map<String, Integer> costs = new TreeMap<>();
        YamlTree costTree = tree.child("evict_costs");
        for (String name : costTree.keysInOrder()) {
            String id = vars.containsKey(name) ? vars.get(name) : names.model(name);
            if (id == null) {
                costTree.problem(name, "unknown var or model \"" + name + "\"", true);
            } else {
                costs.put(id, costTree.number(name, 1, 1, 1 << 24));
            }
        }
        Map<String, SetExpression> sets = sets(tree.child("sets"), vars, names);
        if (sets.isEmpty()) {
            tree.problem("sets", "matrix must define at least one set", true);
        }
        tree.warnUnknown();
        return new SwapConfig.Matrix(vars, costs, sets);
    }

    /** In the natural order of their names, but a set behind those that it refers to: llama-swap tries them so. */
    private static Map<String, SetExpression> sets(YamlTree tree, Map<String, String> vars, Names names) {
        Map<String, SetExpression> read = new LinkedHashMap<>();
        Set<String> sorted = new TreeSet<>(RoutingSection::natural);
        sorted.addAll(tree.keysInOrder());
        for (String name : sorted) {
            String text = tree.text(name);
            try {
                read.put(name, SetExpression.parse(text == null ? "" : text, word -> {
                    String id = vars.containsKey(word) ? vars.get(word) : names.isId(word) ? word : null;
                    if (id == null) {
                        throw new IllegalArgumentException("unknown var or model \"" + word + "\"");
                    }
                    return id;
                }));
            } catch (IllegalArgumentException e) {
                tree.problem(name, "set \"" + name + "\": " + e.getMessage(), true);
            }
        }
        Map<String, SetExpression> ordered = new LinkedHashMap<>();
        for (String name : read.keySet()) {
            place(name, name, read, ordered, new LinkedHashSet<>(), tree);
        }
        return ordered;
    }

    private static void place(
            String name,
            String first,
            Map<String, SetExpression> read,
            Map<String, SetExpression> ordered,
            Set<String> path,
            YamlTree tree) {
        if (ordered.containsKey(name)) {
            return;
        }
        if (!path.add(name)) {
            tree.problem(first, "circular reference detected involving set \"" + name + "\"", true);
            return;
        }
        for (String reference : references(read.get(name))) {
            if (!read.containsKey(reference)) {
                tree.problem(name, "set \"" + name + "\" references undefined set \"" + reference + "\"", true);
            } else {
                place(reference, first, read, ordered, path, tree);
            }
        }
        path.remove(name);
        ordered.put(name, java.util.Objects.requireNonNull(read.get(name)));
    }

    private static List<String> references(@Nullable SetExpression expression) {
        if (expression instanceof SetExpression.Reference reference) {
            return List.of(reference.set());
        }
        List<SetExpression> parts = expression instanceof SetExpression.AllOf all
                ? all.parts()
                : expression instanceof SetExpression.OneOf one ? one.parts() : List.of();
        return parts.stream().flatMap(part -> references(part).stream()).toList();
    }

    /** Runs of digits compare as numbers. */
    static int natural(String a, String b) {
        String[] left = a.split("(?<=\\D)(?=\\d)|(?<=\\d)(?=\\D)");
        String[] right = b.split("(?<=\\D)(?=\\d)|(?<=\\d)(?=\\D)");
        for (int i = 0; i < Math.min(left.length, right.length); i++) {
            boolean numbers = left[i].matches("\\d+") && right[i].matches("\\d+");
            int compared = numbers
                    ? new java.math.BigInteger(left[i]).compareTo(new java.math.BigInteger(right[i]))
                    : left[i].compareTo(right[i]);
            if (compared != 0) {
                return compared;
            }
        }
        return left.length != right.length ? left.length - right.length : a.compareTo(b);
    }

    private static Map<String, Integer> priority(YamlTree scheduler, Names names) {
        String use = scheduler.text("use");
        if (use != null && !use.isEmpty() && !use.equals("fifo")) {
            scheduler.problem("use", "routing.scheduler.use: unknown scheduler \"" + use + "\" (valid: fifo)", true);
        }
        YamlTree settings = scheduler.child("settings");
        YamlTree fifo = settings.child("fifo");
        YamlTree tree = fifo.child("priority");
        Map<String, Integer> priority = new TreeMap<>();
        for (String name : tree.keysInOrder()) {
            String id = names.model(name);
            if (id == null) {
                tree.problem(
                        name,
                        "routing.scheduler.settings.fifo.priority references unknown model \"" + name + "\"",
                        true);
            } else {
                priority.put(id, tree.number(name, 0, Integer.MIN_VALUE, Integer.MAX_VALUE));
            }
        }
        fifo.warnUnknown();
        settings.warnUnknown();
        scheduler.warnUnknown();
        return priority;
    }
}
