// SPDX-License-Identifier: MIT
package io.goinfer.proxy.model.local;

import io.goinfer.proxy.config.swap.SwapConfig.Profile;
import io.goinfer.proxy.config.swap.SwapConfig.Selector;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Which model a name means now: the active profile's pin, a selector's choice, an id, another name. Confined to the models' loop, but for
 * {@link #find}, which reads what does not change.
 */
final class LocalNames {
    /** A name's model. @param selector whose reservation the request holds until it ends, or null */
    record Choice(ModelRun run, String requested, @Nullable String selector) {}

    private final Map<String, ModelRun> byName = new TreeMap<>();
    private final Map<String, Selector> selectors;
    private final Map<String, String> pins;
    private final Map<String, Map<String, Integer>> reserved;
    private final Map<String, Integer> turn = new HashMap<>();

    /** @param reserved requests by selector and model, kept from one configuration to the next */
    LocalNames(
            Map<String, ModelRun> runs,
            Map<String, Selector> selectors,
            @Nullable Profile profile,
            Map<String, Map<String, Integer>> reserved) {
        runs.values().forEach(run -> run.model.names().forEach(name -> byName.putIfAbsent(name, run)));
        byName.putAll(runs);
        this.selectors = selectors;
        this.pins = profile == null ? Map.of() : profile.pins();
        this.reserved = reserved;
    }

    /** The model that is called so, selectors and pins aside. */
    @Nullable
    ModelRun find(String name) {
        return byName.get(name);
    }

    /** Null: nothing is called so, or it is pinned to nothing. @param infer prefers the twin without a template */
    @Nullable
    Choice resolve(String name, boolean infer) {
        String pinned = pins.containsKey(name) ? pins.get(name) : name;
        Selector selector = selectors.get(pinned);
        if (selector != null && byName.get(pinned) == null) {
            ModelRun run = choose(selector);
            if (run == null) {
                return null;
            }
            reserved.computeIfAbsent(selector.id(), id -> new HashMap<>()).merge(run.model.id(), 1, Integer::sum);
            return new Choice(run, run.model.id(), selector.id());
        }
        ModelRun run = byName.get(pinned);
        return run == null ? null : new Choice(infer ? twin(run) : run, pinned, null);
    }

    /** {@code GI_M} when it is loaded, else M when it is loaded, else {@code GI_M}, else M. */
    private ModelRun twin(ModelRun run) {
        ModelRun twin = byName.get(LocalModelFactory.TWIN + run.model.id());
        if (twin == null || !twin.model.error().isEmpty()) {
            return run;
        }
        boolean onlyPlainIsLoaded = twin.state != ModelRun.State.READY && run.state == ModelRun.State.READY;
        return onlyPlainIsLoaded ? run : twin;
    }

    void release(String selector, String id) {
        Map<String, Integer> counts = reserved.get(selector);
        if (counts != null) {
            counts.computeIfPresent(id, (key, count) -> count == 1 ? null : count - 1);
        }
    }

    private @Nullable ModelRun choose(Selector selector) {
        List<ModelRun> targets = new ArrayList<>();
        for (String name : selector.targets()) {
            ModelRun run = byName.get(name);
            if (run != null) {
                targets.add(run);
            }
        }
        if (targets.isEmpty()) {
            return null;
        }
        return switch (selector.strategy()) {
            case PIN -> targets.get(0);
            case WARM -> warm(targets);
            case SPILLOVER -> spillover(selector, targets);
        };
    }

    private static ModelRun warm(List<ModelRun> targets) {
        for (ModelRun.State state : List.of(ModelRun.State.READY, ModelRun.State.STARTING)) {
            for (ModelRun run : targets) {
                if (run.state == state) {
                    return run;
                }
            }
        }
        return targets.get(0);
    }

    /** The least used of those in use until each has its number; then a cold one; then the least used again. */
    private @Nullable ModelRun spillover(Selector selector, List<ModelRun> targets) {
        Map<String, Integer> counts = reserved.getOrDefault(selector.id(), Map.of());
        List<ModelRun> active = new ArrayList<>();
        ModelRun cold = null;
        for (ModelRun run : targets) {
            boolean inUse = run.state == ModelRun.State.READY
                    || run.state == ModelRun.State.STARTING
                    || counts.getOrDefault(run.model.id(), 0) > 0;
            if (inUse) {
                active.add(run);
            } else if (cold == null && run.state != ModelRun.State.STOPPING) {
                cold = run;
            }
        }
        if (active.isEmpty()) {
            return cold;
        }
        int least = active.stream()
                .mapToInt(run -> counts.getOrDefault(run.model.id(), 0))
                .min()
                .orElse(0);
        if (least >= selector.spillover() && cold != null) {
            return cold;
        }
        List<ModelRun> free = active.stream()
                .filter(run -> counts.getOrDefault(run.model.id(), 0) == least)
                .toList();
        // Equals take turns.
        return free.get((turn.merge(selector.id(), 1, Integer::sum) - 1) % free.size());
    }
}
