// SPDX-License-Identifier: MIT
package io.goinfer.proxy.config.swap;

import io.goinfer.proxy.config.YamlTree;
import java.util.Map;
import java.util.TreeMap;

/** {@code profiles:}: other meanings of names, one profile at a time. */
final class ProfileSection {
    private ProfileSection() {}

    static Map<String, SwapConfig.Profile> read(YamlTree tree, Names names) {
        Map<String, SwapConfig.Profile> profiles = new TreeMap<>();
        for (String name : tree.keysInOrder()) {
            if (!tree.isMapping(name)) {
                tree.node(name);
                tree.problem(name, "profile " + name + ": expected a mapping with pins: {requested: target}", true);
                continue;
            }
            YamlTree one = tree.child(name);
            String description = one.text("description");
            YamlTree pinned = one.child("pins");
            Map<String, String> pins = new TreeMap<>();
            for (String requested : pinned.keysInOrder()) {
                String target = pinned.text(requested);
                boolean chained = target != null && pinned.keys().contains(target) && !target.equals(requested);
                if (target != null && !target.isEmpty() && !names.anything(target)) {
                    pinned.problem(requested, "profile " + name + ": unknown target \"" + target + "\"", true);
                } else if (chained && target != null && names.model(target) == null) {
                    pinned.problem(requested, "profile " + name + ": " + target + " is a pin itself", true);
                }
                pins.put(requested, target == null ? "" : target);
            }
            if (pins.isEmpty()) {
                one.problem("pins", "profile " + name + ": at least one pin is required", true);
            }
            one.warnUnknown();
            profiles.put(name, new SwapConfig.Profile(name, description == null ? "" : description, pins));
        }
        return profiles;
    }
}
