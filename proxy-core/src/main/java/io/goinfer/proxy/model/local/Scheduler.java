// SPDX-License-Identifier: MIT
package io.goinfer.proxy.model.local;

import io.goinfer.proxy.model.SlotQueue;
import io.goinfer.proxy.upstream.Refusal;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;

/**
 * Who waits, who is loaded, who must go: requests wait in the order in which they came (by priority first), for their model, then for its slots. A model
 * in use is never stopped. Confined to the models' loop.
 */
final class Scheduler {
    /** After this long, requests for a loaded model stand behind one that waits for another model. */
    private static final long PATIENCE_NANOS = TimeUnit.SECONDS.toNanos(5);

    /** Starts a model now, or once the memory that it needs is free. */
    interface Starter {
        void start(ModelRun run, boolean afterOthers);
    }

    private final Map<String, ModelRun> runs;
    private final Duration evictionGrace;
    private final Starter starter;
    private final List<Waiter> queue = new ArrayList<>();
    private final Map<ModelRun, Set<ModelRun>> startsAfter = new HashMap<>();
    private EvictionPolicy policy;
    private boolean walking;
    private boolean again;

    /** @param runs the models by id; changed by their owner only */
    Scheduler(Map<String, ModelRun> runs, EvictionPolicy policy, Duration evictionGrace, Starter starter) {
        this.runs = runs;
        this.policy = policy;
        this.evictionGrace = evictionGrace;
        this.starter = starter;
    }

    void policy(EvictionPolicy next) {
        policy = next;
    }

    boolean byMemory(ModelRun run) {
        return policy.byMemory(run.model.id());
    }

    int waiting() {
        return queue.size();
    }

    /** Admitted for this model: waiting, or at work. */
    int admitted(ModelRun run) {
        int waiting = 0;
        for (Waiter waiter : queue) {
            waiting += waiter.isFor(run) ? 1 : 0;
        }
        return waiting + run.leases;
    }

    /** It knows its model. */
    void enter(Waiter waiter) {
        int at = queue.size();
        while (at > 0 && queue.get(at - 1).priority() < waiter.priority()) {
            at--;
        }
        queue.add(at, waiter);
        walk();
    }

    void weigh(Waiter waiter, int weight) {
        waiter.weight(weight);
        if (waiter.step == Waiter.Step.SLOT) {
            fill(waiter.run());
        }
    }

    /** True if it held something that others may want. */
    void leave(Waiter waiter) {
        Waiter.Step was = waiter.step;
        waiter.step = Waiter.Step.OVER;
        switch (was) {
            case MODEL -> queue.remove(waiter);
            case SLOT -> waiter.run().slots.remove(waiter);
            case RUNNING -> waiter.run().slots.done(waiter);
            default -> {
                return;
            }
        }
        if (was != Waiter.Step.MODEL) {
            waiter.run().leases--;
            waiter.run().usedAt = System.nanoTime();
            fill(waiter.run());
        }
        walk();
    }

    void refuseAll(ModelRun run, String reason) {
        Refusal refusal =
                new Refusal(500, "server_error", "model_failed", "model " + run.model.id() + ": " + reason, 0);
        List<Waiter> waiting =
                queue.stream().filter(waiter -> waiter.isFor(run)).toList();
        queue.removeAll(waiting);
        waiting.forEach(waiter -> waiter.refuse(refusal));
        for (SlotQueue.Entry entry : run.slots.removeAll()) {
            run.leases--;
            ((Waiter) entry).refuse(refusal);
        }
    }

    // ---- the decision

    /** Goes through the queue: serves, starts, stops what may be. Who is blocked does not block those behind, but for {@link #PATIENCE_NANOS}. */
    void walk() {
        if (walking) {
            again = true;
            return;
        }
        walking = true;
        do {
            again = false;
            Set<String> wanted = new HashSet<>();
            for (Waiter waiter : List.copyOf(queue)) {
                if (waiter.step == Waiter.Step.MODEL) {
                    consider(waiter, wanted);
                }
            }
        } while (again);
        walking = false;
    }

    /** @param wanted ids that somebody has waited for long enough to get: no new requests for them */
    private void consider(Waiter waiter, Set<String> wanted) {
        ModelRun run = waiter.run();
        if (run.state == ModelRun.State.READY) {
            if (!wanted.contains(run.model.id())) {
                grant(waiter);
            }
            return;
        }
        if (run.state != ModelRun.State.STOPPED || startsAfter.containsKey(run)) {
            return;
        }
        Set<ModelRun> inTheWay = new HashSet<>();
        boolean blocked = false;
        for (String id : policy.evict(run.model.id(), run.need(), running())) {
            ModelRun other = runs.get(id);
            if (other != null && other.state != ModelRun.State.STOPPED) {
                inTheWay.add(other);
                blocked |= other.leases > 0
                        || other.state == ModelRun.State.STARTING
                        || isYoung(other)
                        || hasWaiters(other, waiter);
                if (System.nanoTime() - waiter.since > PATIENCE_NANOS) {
                    wanted.add(id);
                }
            } else if (other != null && startsAfter.containsKey(other)) {
                blocked = true;
            }
        }
        if (blocked) {
            return;
        }
        if (inTheWay.isEmpty()) {
            starter.start(run, false);
        } else {
            startsAfter.put(run, inTheWay);
            inTheWay.forEach(other -> other.stop(evictionGrace));
        }
    }

    private static boolean isYoung(ModelRun run) {
        long least = run.model.residency().minLoaded().toNanos();
        return run.state == ModelRun.State.READY && least > 0 && System.nanoTime() - run.readyAt < least;
    }

    /** Somebody older waits for a model that was started for him. */
    private boolean hasWaiters(ModelRun run, Waiter than) {
        for (Waiter waiter : queue) {
            if (waiter == than) {
                return false;
            }
            if (waiter.isFor(run)) {
                return true;
            }
        }
        return false;
    }

    private Collection<EvictionPolicy.Running> running() {
        List<EvictionPolicy.Running> running = new ArrayList<>();
        for (ModelRun run : runs.values()) {
            if (run.state != ModelRun.State.STOPPED && !run.external() || startsAfter.containsKey(run)) {
                running.add(new EvictionPolicy.Running(run.model.id(), run.usedAt, run.leases > 0, run.need()));
            }
        }
        return running;
    }

    private void grant(Waiter waiter) {
        queue.remove(waiter);
        waiter.run().leases++;
        waiter.step = Waiter.Step.SLOT;
        waiter.run().slots.add(waiter);
        fill(waiter.run());
    }

    private static void fill(ModelRun run) {
        if (run.state == ModelRun.State.READY) {
            run.slots.fill(entry -> {
                run.usedAt = System.nanoTime();
                ((Waiter) entry).grant();
            });
        }
    }

    // ---- what happens to processes

    /** A run changed its state. */
    void changed(ModelRun run) {
        switch (run.state) {
            case READY -> {
                // All that waited for it, before anybody else is considered.
                for (Waiter waiter : List.copyOf(queue)) {
                    if (waiter.isFor(run)) {
                        grant(waiter);
                    }
                }
            }
            case STOPPING -> failWaiters(run);
            case STOPPED -> {
                failWaiters(run);
                startWhoWaited(run);
            }
            default -> {}
        }
        walk();
    }

    /** A start that failed fails those who waited for it; a stop by our own decision does not. */
    private void failWaiters(ModelRun run) {
        if (run.failed) {
            run.failed = false;
            refuseAll(run, run.failure);
        }
    }

    private void startWhoWaited(ModelRun gone) {
        for (Map.Entry<ModelRun, Set<ModelRun>> entry : List.copyOf(startsAfter.entrySet())) {
            if (entry.getValue().remove(gone) && entry.getValue().isEmpty()) {
                starter.start(entry.getKey(), true);
            }
        }
    }

    /** It starts now: it does not wait for others any more. */
    void starts(ModelRun run) {
        startsAfter.remove(run);
    }
}
