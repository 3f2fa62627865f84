// SPDX-License-Identifier: MIT
package io.goinfer.proxy.model.local;

import io.goinfer.proxy.model.ModelInfo;
import io.goinfer.proxy.model.NodeLoad;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * This machine's models at one moment. Immutable.
 *
 * @param infos what can be called, by every name
 * @param profile the active one, or null
 */
public record LocalState(
        List<Status> statuses,
        List<ModelInfo> infos,
        @Nullable String profile) {
    static final LocalState EMPTY = new LocalState(List.of(), List.of(), null);

    public LocalState {
        statuses = List.copyOf(statuses);
        infos = List.copyOf(infos);
    }

    /**
     * One model and its process.
     *
     * @param command as it was started, or as it is configured
     * @param state as llama-swap names it
     * @param process tells its pid
     * @param failure why the last start failed, or ""
     */
    public record Status(
            LocalModel model, List<String> command, String state, String proxy, LongSupplier process, String failure) {
        /** Known a moment after the start; 0 before, and without a process. */
        public long pid() {
            return process.getAsLong();
        }

        public boolean isStopped() {
            return state.equals("stopped");
        }
    }

    static List<Status> statuses(Collection<ModelRun> runs) {
        List<Status> all = new ArrayList<>();
        for (ModelRun run : runs) {
            all.add(new Status(
                    run.model,
                    run.command(),
                    run.state.name().toLowerCase(Locale.ROOT),
                    run.proxy(),
                    run.pids(),
                    run.failure));
        }
        return all;
    }

    static NodeLoad load(Collection<ModelRun> runs, int waiting) {
        int slots = 0;
        int busy = 0;
        int queued = waiting;
        List<String> loaded = new ArrayList<>();
        for (ModelRun run : runs) {
            if (run.state == ModelRun.State.READY) {
                loaded.add(run.model.id());
                slots += run.slots.slots();
                busy += run.slots.used();
                queued += run.slots.waiting();
            }
        }
        return new NodeLoad(slots, busy, queued, loaded);
    }
}
