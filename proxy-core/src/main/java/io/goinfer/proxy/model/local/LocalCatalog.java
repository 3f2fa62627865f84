// SPDX-License-Identifier: MIT
package io.goinfer.proxy.model.local;

import io.goinfer.proxy.config.swap.SwapConfig.Profile;
import io.goinfer.proxy.config.swap.SwapConfig.Selector;
import io.goinfer.proxy.config.swap.SwapConfig.Strategy;
import io.goinfer.proxy.model.ModelInfo;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** Models of this machine as the fleet sees them: each by each of its names, selectors, and the pins of the active profile. Pure. */
final class LocalCatalog {
    private LocalCatalog() {}

    static List<ModelInfo> infos(
            Collection<ModelRun> runs, Collection<Selector> selectors, @Nullable Profile profile, LocalNames names) {
        List<ModelInfo> infos = new ArrayList<>();
        for (ModelRun run : runs) {
            infos.add(info(run, run.model.id(), run.model.listing().listed(), ListRows.row(run.model)));
            for (String name : run.model.names()) {
                infos.add(info(run, name, run.model.listing().namesListed(), ListRows.alias(run.model)));
            }
        }
        for (Selector selector : selectors) {
            infos.add(selector(selector, names));
        }
        Map<String, String> pins = profile == null ? Map.of() : profile.pins();
        pins.forEach((name, target) -> {
            boolean shadows = infos.stream().anyMatch(info -> info.id().equals(name));
            ModelRun run = target.isEmpty() ? null : names.find(target);
            if (!shadows && !target.isEmpty()) {
                ModelInfo.State state = run == null ? ModelInfo.State.UNLOADED : state(run);
                String body = run == null ? name : run.model.bodyName();
                infos.add(new ModelInfo(
                        name, name, body, 0, ListRows.typed("profile", Map.of()), state, true, "", false));
            }
        });
        return infos;
    }

    private static ModelInfo info(ModelRun run, String name, boolean listed, ListRows.Row row) {
        LocalModel model = run.model;
        return new ModelInfo(
                name,
                name,
                model.bodyName(),
                0,
                row.metaJson(),
                state(run),
                listed && model.error().isEmpty(),
                row.rowJson(),
                model.rules().loadingState());
    }

    private static ModelInfo selector(Selector selector, LocalNames names) {
        List<ModelInfo.State> states = selector.targets().stream()
                .limit(
                        selector.strategy() == Strategy.PIN
                                ? 1
                                : selector.targets().size())
                .map(names::find)
                .filter(Objects::nonNull)
                .map(LocalCatalog::state)
                .toList();
        ModelInfo.State state = states.contains(ModelInfo.State.LOADED)
                ? ModelInfo.State.LOADED
                : states.contains(ModelInfo.State.LOADING) ? ModelInfo.State.LOADING : ModelInfo.State.UNLOADED;
        ListRows.Row row = ListRows.selector(selector);
        return new ModelInfo(
                selector.id(),
                selector.id(),
                selector.id(),
                0,
                row.metaJson(),
                state,
                !selector.unlisted(),
                row.rowJson(),
                false);
    }

    private static ModelInfo.State state(ModelRun run) {
        return switch (run.state) {
            case READY -> ModelInfo.State.LOADED;
            case STARTING -> ModelInfo.State.LOADING;
            default -> ModelInfo.State.UNLOADED;
        };
    }
}
