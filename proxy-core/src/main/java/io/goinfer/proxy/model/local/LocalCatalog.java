// SPDX-License-Identifier: MIT
package io.goinfer.proxy.model.local;

import io.goinfer.proxy.model.ModelInfo;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;

/** Models of this machine as the fleet sees them: each, and each of its other names. Pure. */
final class LocalCatalog {
    private LocalCatalog() {}

    static List<ModelInfo> infos(Collection<ModelRun> runs) {
        List<ModelInfo> infos = new ArrayList<>();
        for (ModelRun run : runs) {
            LocalModel model = run.model;
            infos.add(info(model, model.id(), state(run), model.listed()));
            model.aliases().forEach(alias -> infos.add(info(model, alias, state(run), model.aliasesListed())));
        }
        return infos;
    }

    private static ModelInfo info(LocalModel model, String name, ModelInfo.State state, boolean listed) {
        return new ModelInfo(name, model.id(), model.bodyName(), 0, model.metaJson(), state, listed);
    }

    private static ModelInfo.State state(ModelRun run) {
        return switch (run.state) {
            case READY -> ModelInfo.State.LOADED;
            case STARTING -> ModelInfo.State.LOADING;
            default -> ModelInfo.State.UNLOADED;
        };
    }
}
