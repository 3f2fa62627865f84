// SPDX-License-Identifier: MIT
package io.goinfer.proxy.model.local;

import io.goinfer.proxy.upstream.HttpUpstream;
import io.goinfer.proxy.upstream.Refusal;

/** A request that wants a model. Fields belong to the models' loop. */
final class Waiter {
    /** Told once, on the models' loop. */
    interface Events {
        /** The model is ready and has room: run {@link LocalModels#release} when done. */
        void granted(HttpUpstream.Target target);

        void refused(Refusal refusal);
    }

    /** Where it stands. */
    enum Step {
        /** For the model to be loaded. */
        MODEL,
        /** For one of the model's slots. */
        SLOT,
        RUNNING,
        OVER
    }

    final ModelRun run;
    final boolean inference;
    final Events events;
    final long since = System.nanoTime();
    Step step = Step.MODEL;

    Waiter(ModelRun run, boolean inference, Events events) {
        this.run = run;
        this.inference = inference;
        this.events = events;
    }
}
