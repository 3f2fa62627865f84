// SPDX-License-Identifier: MIT
package io.goinfer.proxy.model.local;

import io.goinfer.proxy.model.ModelInfo;
import io.goinfer.proxy.model.process.LogRing;
import io.goinfer.proxy.net.EventLoops;
import io.goinfer.proxy.upstream.Refusal;
import io.netty.channel.EventLoop;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Runs this machine's models: one loop decides, no locks. Requests wait here in the order in which they came, first for their model, then for one of its
 * slots; a model in use is never stopped but by an order. Public methods may be called on any thread.
 */
public final class LocalModels implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(LocalModels.class);

    /** After this long, requests for a loaded model stand behind one that waits for another model. */
    private static final long PATIENCE_NANOS = TimeUnit.SECONDS.toNanos(5);

    private static final Duration CLOSE_GRACE = Duration.ofSeconds(5);
    private static final long TICK_SECONDS = 1;

    /** One line of /running. */
    public record Status(
            LocalModel model, List<String> command, String state, String proxy, long pid, String failure) {}

    private final EventLoops loops;
    private final EventLoop loop;
    private final Duration healthTimeout;
    private final Consumer<List<ModelInfo>> listener;
    private final Map<String, ModelRun> runs = new TreeMap<>();
    private final List<Waiter> queue = new ArrayList<>();
    private final Map<ModelRun, Set<ModelRun>> startsAfter = new java.util.HashMap<>();
    private final List<CompletableFuture<Void>> whenStopped = new ArrayList<>();
    private final io.netty.util.concurrent.Future<?> ticker;
    private EvictionPolicy policy;
    private volatile List<Status> statuses = List.of();
    private volatile Map<String, ModelRun> byName = Map.of();
    private boolean walking;
    private boolean closed;

    /** @param listener told on the models' loop what can be called, after each change */
    public LocalModels(
            Collection<LocalModel> models,
            EvictionPolicy policy,
            Duration healthTimeout,
            EventLoops loops,
            Consumer<List<ModelInfo>> listener) {
        this.loops = loops;
        this.loop = loops.next();
        this.healthTimeout = healthTimeout;
        this.policy = policy;
        this.listener = listener;
        this.ticker = loop.scheduleWithFixedDelay(this::tick, TICK_SECONDS, TICK_SECONDS, TimeUnit.SECONDS);
        replace(models, policy);
    }

    /** New models; those that are unchanged keep running, the others are stopped. */
    public void replace(Collection<LocalModel> models, EvictionPolicy next) {
        loop.execute(() -> {
            policy = next;
            Map<String, LocalModel> wanted = new TreeMap<>();
            models.forEach(model -> wanted.put(model.id(), model));
            for (ModelRun run : List.copyOf(runs.values())) {
                LocalModel now = wanted.remove(run.model.id());
                if (now == null
                        || !now.command().equals(run.model.command())
                        || !now.proxy().equals(run.model.proxy())) {
                    refuseAll(run, "the model is not configured any more");
                    run.stop(run.model.unloadTimeout());
                    runs.remove(run.model.id());
                    if (now != null) {
                        runs.put(now.id(), new ModelRun(now, healthTimeout, loops, loop, this::changed));
                    }
                } else {
                    run.model = now;
                }
            }
            wanted.values()
                    .forEach(model ->
                            runs.put(model.id(), new ModelRun(model, healthTimeout, loops, loop, this::changed)));
            publish();
        });
    }

    // ---- what can be asked on any thread

    public List<Status> statuses() {
        return statuses;
    }

    public boolean knows(String idOrAlias) {
        return byName.containsKey(idOrAlias);
    }

    /** Of the model's JSON requests. */
    JsonFilter filter(String id) {
        ModelRun run = byName.get(id);
        return run == null ? JsonFilter.NONE : run.model.filter();
    }

    /** Null: no such model. */
    public @Nullable LogRing log(String idOrAlias) {
        ModelRun run = byName.get(idOrAlias);
        return run == null ? null : run.log;
    }

    /** Starts it as a request would. */
    public void preload(String id) {
        acquire(id, false, new Waiter.Events() {
                    @Override
                    public void granted(io.goinfer.proxy.upstream.HttpUpstream.Target target) {
                        LOG.info("model {} is loaded", id);
                    }

                    @Override
                    public void refused(Refusal refusal) {
                        LOG.warn("model {} is not loaded: {}", id, refusal.message());
                    }
                })
                .thenAccept(this::release);
    }

    /** Done when its process is gone. Requests for it are refused. */
    public CompletionStage<Void> unload(String idOrAlias) {
        CompletableFuture<Void> done = new CompletableFuture<>();
        loop.execute(() -> {
            ModelRun run = byName.get(idOrAlias);
            if (run != null) {
                refuseAll(run, "model unloaded");
                run.stop(run.model.unloadTimeout());
            }
            whenStopped.add(done);
            tellStopped();
        });
        return done;
    }

    public CompletionStage<Void> unloadAll() {
        CompletableFuture<Void> done = new CompletableFuture<>();
        loop.execute(() -> {
            runs.values().forEach(run -> {
                refuseAll(run, "model unloaded");
                run.stop(run.model.unloadTimeout());
            });
            whenStopped.add(done);
            tellStopped();
        });
        return done;
    }

    /** Stops every process and waits for them, a few seconds. Blocking. */
    @Override
    public void close() {
        CompletableFuture<Void> done = new CompletableFuture<>();
        loop.execute(() -> {
            closed = true;
            ticker.cancel(false);
            runs.values().forEach(run -> {
                refuseAll(run, "goinfer is stopping");
                run.stop(CLOSE_GRACE);
            });
            whenStopped.add(done);
            tellStopped();
        });
        try {
            done.get(CLOSE_GRACE.toSeconds() + 5, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (java.util.concurrent.ExecutionException | java.util.concurrent.TimeoutException e) {
            LOG.warn("models did not stop in time", e);
        }
    }

    // ---- requests

    /** Waits for the model and for room in it. The result is what {@link #release} takes. */
    CompletionStage<Waiter> acquire(String id, boolean inference, Waiter.Events events) {
        CompletableFuture<Waiter> waiter = new CompletableFuture<>();
        loop.execute(() -> {
            ModelRun run = runs.get(id);
            if (run == null || closed) {
                events.refused(Refusal.unknownModel(id));
                return;
            }
            Waiter asked = new Waiter(run, inference, events);
            String error = run.model.error();
            if (!error.isEmpty()) {
                refuse(asked, new Refusal(503, "unavailable_error", "model_unavailable", error, 0));
            } else if (admitted(run) >= run.model.concurrencyLimit()) {
                refuse(asked, new Refusal(429, "rate_limit_error", "concurrency_limit", "Too many requests", 1));
            } else {
                queue.add(asked);
                waiter.complete(asked);
                walk();
            }
        });
        return waiter;
    }

    private int admitted(ModelRun run) {
        int waiting = 0;
        for (Waiter waiter : queue) {
            waiting += waiter.run == run ? 1 : 0;
        }
        return waiting + run.leases;
    }

    /** The request is over, or its client left. Idempotent; on any thread. */
    void release(Waiter waiter) {
        loop.execute(() -> {
            Waiter.Step was = waiter.step;
            waiter.step = Waiter.Step.OVER;
            ModelRun run = waiter.run;
            switch (was) {
                case MODEL -> queue.remove(waiter);
                case SLOT -> run.slotQueue.remove(waiter);
                case RUNNING -> run.runningInference -= waiter.inference ? 1 : 0;
                case OVER -> {
                    return;
                }
            }
            if (was != Waiter.Step.MODEL) {
                run.leases--;
                run.usedAt = System.nanoTime();
            }
            fillSlots(run);
            walk();
        });
    }

    private static void refuse(Waiter waiter, Refusal refusal) {
        waiter.step = Waiter.Step.OVER;
        waiter.events.refused(refusal);
    }

    private void refuseAll(ModelRun run, String reason) {
        Refusal refusal =
                new Refusal(500, "server_error", "model_failed", "model " + run.model.id() + ": " + reason, 0);
        List<Waiter> waiting =
                queue.stream().filter(waiter -> waiter.run == run).toList();
        queue.removeAll(waiting);
        waiting.forEach(waiter -> refuse(waiter, refusal));
        for (Waiter waiter = run.slotQueue.poll(); waiter != null; waiter = run.slotQueue.poll()) {
            run.leases--;
            refuse(waiter, refusal);
        }
    }

    // ---- the decision

    /** Goes through the queue once: serves, starts, stops what may be. Who is blocked does not block those behind, but for {@link #PATIENCE_NANOS}. */
    private void walk() {
        if (walking) {
            return;
        }
        walking = true;
        Set<String> wanted = new HashSet<>();
        for (Waiter waiter : List.copyOf(queue)) {
            if (waiter.step == Waiter.Step.MODEL) {
                consider(waiter, wanted);
            }
        }
        walking = false;
    }

    /** @param wanted ids that somebody has waited for long enough to get: no new requests for them */
    private void consider(Waiter waiter, Set<String> wanted) {
        ModelRun run = waiter.run;
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
                blocked |= other.leases > 0 || other.state == ModelRun.State.STARTING || hasWaiters(other, waiter);
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
            run.start();
        } else {
            startsAfter.put(run, inTheWay);
            inTheWay.forEach(other -> other.stop(healthTimeout));
        }
    }

    /** Somebody older waits for a model that was started for him. */
    private boolean hasWaiters(ModelRun run, Waiter than) {
        for (Waiter waiter : queue) {
            if (waiter == than) {
                return false;
            }
            if (waiter.run == run) {
                return true;
            }
        }
        return false;
    }

    private List<EvictionPolicy.Running> running() {
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
        waiter.run.leases++;
        waiter.step = Waiter.Step.SLOT;
        waiter.run.slotQueue.add(waiter);
        fillSlots(waiter.run);
    }

    private static void fillSlots(ModelRun run) {
        if (run.state != ModelRun.State.READY) {
            return;
        }
        for (Waiter waiter : List.copyOf(run.slotQueue)) {
            boolean room = !waiter.inference || run.slots == 0 || run.runningInference < run.slots;
            if (room && run.slotQueue.remove(waiter)) {
                waiter.step = Waiter.Step.RUNNING;
                run.runningInference += waiter.inference ? 1 : 0;
                run.usedAt = System.nanoTime();
                waiter.events.granted(run.target());
            }
        }
    }

    // ---- what happens to processes

    private void changed(ModelRun run) {
        switch (run.state) {
            case READY -> {
                // All that waited for it, before anybody else is considered.
                for (Waiter waiter : List.copyOf(queue)) {
                    if (waiter.run == run) {
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
        publish();
        walk();
        tellStopped();
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
                startsAfter.remove(entry.getKey());
                entry.getKey().start();
            }
        }
    }

    private void tick() {
        long now = System.nanoTime();
        for (ModelRun run : runs.values()) {
            long ttl = run.model.ttl().toNanos();
            if (run.state == ModelRun.State.READY && ttl > 0 && run.leases == 0 && now - run.usedAt > ttl) {
                LOG.info(
                        "model {} was not used for {} s",
                        run.model.id(),
                        run.model.ttl().toSeconds());
                run.stop(run.model.unloadTimeout());
            }
        }
        if (!queue.isEmpty()) {
            walk();
        }
    }

    private void tellStopped() {
        boolean stopping = runs.values().stream().anyMatch(run -> run.state == ModelRun.State.STOPPING);
        if (!stopping) {
            whenStopped.forEach(done -> done.complete(null));
            whenStopped.clear();
        }
    }

    private void publish() {
        List<Status> now = new ArrayList<>();
        Map<String, ModelRun> names = new TreeMap<>();
        for (ModelRun run : runs.values()) {
            run.model.aliases().forEach(alias -> names.putIfAbsent(alias, run));
            now.add(new Status(
                    run.model,
                    run.command(),
                    run.state.name().toLowerCase(java.util.Locale.ROOT),
                    run.proxy(),
                    run.pid(),
                    run.failure));
        }
        runs.forEach(names::put);
        byName = Map.copyOf(names);
        statuses = List.copyOf(now);
        listener.accept(LocalCatalog.infos(runs.values()));
    }
}
