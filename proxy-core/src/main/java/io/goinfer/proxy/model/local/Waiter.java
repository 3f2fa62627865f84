// SPDX-License-Identifier: MIT
package io.goinfer.proxy.model.local;

import io.goinfer.proxy.model.Admission;
import io.goinfer.proxy.model.SlotQueue;
import io.goinfer.proxy.upstream.Refusal;
import java.time.Duration;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** A request that wants a model. Fields belong to the models' loop; as a ticket it may be used anywhere. */
final class Waiter implements Admission.Ticket, SlotQueue.Entry {
    /** Where it stands. */
    enum Step {
        /** It has not been looked at. */
        DOOR,
        /** For the model to be loaded. */
        MODEL,
        /** For some of the model's slots. */
        SLOT,
        RUNNING,
        OVER
    }

    final Admission.Asked asked;
    final long since = System.nanoTime();
    private final Admission.Waiting events;
    private final LocalModels models;
    private @Nullable ModelRun run;
    private int weight;
    Step step = Step.DOOR;

    /** The name that filters go by, and the selector whose reservation it holds. */
    String requested = "";

    @Nullable
    String selector;

    Waiter(Admission.Asked asked, Admission.Waiting events, LocalModels models) {
        this.asked = asked;
        this.events = events;
        this.models = models;
    }

    ModelRun run() {
        return Objects.requireNonNull(run, "not at a model yet");
    }

    boolean isFor(ModelRun model) {
        return run == model;
    }

    void to(ModelRun model) {
        run = model;
        step = Step.MODEL;
    }

    int priority() {
        return run().model.rules().priority();
    }

    void grant() {
        step = Step.RUNNING;
        events.granted(run().grant(requested));
    }

    /** To a running model, without any claim on it. */
    void pass(ModelRun model) {
        step = Step.OVER;
        events.granted(model.grant(requested));
    }

    void refuse(Refusal refusal) {
        step = Step.OVER;
        events.refused(refusal);
    }

    @Override
    public boolean inference() {
        return asked.inference();
    }

    @Override
    public int weight() {
        return weight;
    }

    void weight(int slots) {
        weight = Math.max(1, slots);
    }

    @Override
    public void weigh(int slots) {
        models.weigh(this, slots);
    }

    @Override
    public void keepAlive(Duration time) {
        models.keepAlive(this, time);
    }

    @Override
    public void leave() {
        models.leave(this);
    }
}
