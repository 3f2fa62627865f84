// SPDX-License-Identifier: MIT
package io.goinfer.proxy.config.swap;

import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** What names mean while a configuration is read: ids win over aliases, an alias of two models is an error. */
final class Names {
    private final Map<String, SwapConfig.Model> models;
    private final Map<String, String> byName = new HashMap<>();

    /** A peer's models by what they are called; null where two peers have one. */
    private final Map<String, @Nullable String> peerModels = new TreeMap<>();

    private final Set<String> selectors = new HashSet<>();

    Names(Map<String, SwapConfig.Model> models, SwapProblems problems) {
        this.models = models;
        for (SwapConfig.Model model : models.values()) {
            for (String alias : model.aliases()) {
                add(alias, model.id(), "aliases", problems);
            }
        }
        for (SwapConfig.Model model : models.values()) {
            for (String name : model.filters().setById().keySet()) {
                if (name.equals(model.id())) {
                    continue;
                }
                if (models.containsKey(name)) {
                    problems.fatal(
                            0,
                            "models." + model.id() + ".filters.setParamsByID",
                            "setParamsByID key " + name + " conflicts with an existing model ID");
                } else if (!model.aliases().contains(name)) {
                    add(name, model.id(), "filters.setParamsByID", problems);
                }
            }
        }
        models.keySet().forEach(id -> byName.put(id, id));
    }

    private void add(String alias, String id, String key, SwapProblems problems) {
        String other = byName.put(alias, id);
        if (other != null && !other.equals(id)) {
            problems.fatal(0, "models." + id + "." + key, "duplicate alias " + alias + " found in model: " + other);
        }
    }

    /** Id of the model that is called so, or null. */
    @Nullable
    String model(String name) {
        return byName.get(name);
    }

    boolean isId(String name) {
        return models.containsKey(name);
    }

    boolean isAlias(String name) {
        return byName.containsKey(name) && !models.containsKey(name);
    }

    void peer(String peer, String model) {
        peerModels.put(peer + "/" + model, peer + "/" + model);
        peerModels.put(model, peerModels.containsKey(model) ? null : peer + "/" + model);
    }

    /** {@code peer/model} for a peer's model that is called so, or null. */
    @Nullable
    String peerModel(String name) {
        return peerModels.get(name);
    }

    void selector(String id) {
        selectors.add(id);
    }

    boolean isSelector(String name) {
        return selectors.contains(name);
    }

    boolean anything(String name) {
        return model(name) != null || peerModel(name) != null || isSelector(name);
    }
}
