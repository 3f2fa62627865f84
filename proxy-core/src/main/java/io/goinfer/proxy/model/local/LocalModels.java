// SPDX-License-Identifier: MIT
package io.goinfer.proxy.model.local;

import io.goinfer.proxy.config.swap.SwapConfig.Profile;
import io.goinfer.proxy.config.swap.SwapConfig.Selector;
import io.goinfer.proxy.model.Admission;
import io.goinfer.proxy.model.NodeLoad;
import io.goinfer.proxy.model.process.LogRing;
import io.goinfer.proxy.model.process.MemoryReadings;
import io.goinfer.proxy.net.ByteBudget;
import io.goinfer.proxy.net.EventLoops;
import io.goinfer.proxy.upstream.Refusal;
import io.netty.channel.EventLoop;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Runs this machine's models: one loop decides, no locks. {@link Scheduler} says who runs; here is what can be asked and ordered. Public methods may be
 * called on any thread.
 */
public final class LocalModels implements Admission, AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(LocalModels.class);
    private static final Duration CLOSE_GRACE = Duration.ofSeconds(5);
    private static final long LOG_BYTES = 32L << 20;
    private static final long TICK_MILLIS = 1_000;
    private static final long MEMORY_POLL_MILLIS = 50;
    private static final int MEMORY_POLLS = 100;
    private static final long LOAD_MILLIS = 250;

    /**
     * What is to be run.
     *
     * @param profiles of which one may be active
     */
    public record Setup(
            Collection<LocalModel> models,
            EvictionPolicy policy,
            Map<String, Selector> selectors,
            Map<String, Profile> profiles) {
        public static Setup of(Collection<LocalModel> models, EvictionPolicy policy) {
            return new Setup(models, policy, Map.of(), Map.of());
        }
    }

    private final EventLoops loops;
    private final EventLoop loop;
    private final Duration healthTimeout;
    private final MemoryReadings memory;
    private final ByteBudget logs = new ByteBudget(LOG_BYTES);
    private final Map<String, ModelRun> runs = new TreeMap<>();
    private final Map<String, Map<String, Integer>> reserved = new HashMap<>();
    private final Scheduler scheduler;
    private final List<CompletableFuture<Void>> whenStopped = new ArrayList<>();
    private final List<Runnable> listeners = new CopyOnWriteArrayList<>();
    private final List<Runnable> loadListeners = new CopyOnWriteArrayList<>();
    private final io.netty.util.concurrent.Future<?> ticker;
    private volatile Setup setup;
    private volatile LocalNames names;
    private volatile LocalState state = LocalState.EMPTY;
    private volatile NodeLoad load = NodeLoad.NONE;
    private boolean loadPending;
    private @Nullable String profile;
    private boolean closed;

    /** Nothing can be called before the first {@link #replace}. */
    public LocalModels(Setup setup, Duration healthTimeout, MemoryReadings memory, EventLoops loops) {
        this.loops = loops;
        this.loop = loops.next();
        this.healthTimeout = healthTimeout;
        this.memory = memory;
        this.setup = setup;
        this.names = new LocalNames(Map.of(), Map.of(), null, reserved);
        this.scheduler = new Scheduler(runs, setup.policy(), healthTimeout, this::start);
        this.ticker = loop.scheduleWithFixedDelay(this::tick, TICK_MILLIS, TICK_MILLIS, TimeUnit.MILLISECONDS);
    }

    /** New models; those that are unchanged keep running, the others are stopped. Done when they can be called. */
    public CompletionStage<Void> replace(Setup next) {
        CompletableFuture<Void> done = new CompletableFuture<>();
        loop.execute(() -> {
            setup = next;
            if (profile != null && !next.profiles().containsKey(profile)) {
                profile = null;
            }
            scheduler.policy(next.policy());
            Map<String, LocalModel> wanted = new TreeMap<>();
            next.models().forEach(model -> wanted.put(model.id(), model));
            for (ModelRun run : List.copyOf(runs.values())) {
                LocalModel now = wanted.remove(run.model.id());
                if (now == null || !now.start().equals(run.model.start())) {
                    scheduler.refuseAll(run, "the model is not configured any more");
                    run.retire();
                    runs.remove(run.model.id());
                    if (now != null) {
                        runs.put(now.id(), run(now));
                    }
                } else {
                    run.model = now;
                }
            }
            wanted.values().forEach(model -> runs.put(model.id(), run(model)));
            publish();
            done.complete(null);
        });
        return done;
    }

    private ModelRun run(LocalModel model) {
        return new ModelRun(model, healthTimeout, memory, logs, loops, loop, this::changed);
    }

    // ---- what can be asked on any thread

    /** What runs, as of the last change. */
    public LocalState state() {
        return state;
    }

    /** How busy it is; at most a quarter of a second old. */
    public NodeLoad load() {
        return load;
    }

    /** Called on the models' loop after each change of {@link #state()}. */
    public void onChange(Runnable listener) {
        listeners.add(listener);
    }

    /** Called on the models' loop after each change of {@link #load()}, at most four times a second. */
    public void onLoad(Runnable listener) {
        loadListeners.add(listener);
    }

    public boolean knows(String name) {
        return names.find(name) != null;
    }

    /** Null: no such model. */
    public @Nullable LogRing log(String name) {
        ModelRun run = names.find(name);
        return run == null ? null : run.log;
    }

    public Map<String, Profile> profiles() {
        return setup.profiles();
    }

    /** Null = none. The result is false if there is no such profile. */
    public CompletionStage<Boolean> activate(@Nullable String name) {
        CompletableFuture<Boolean> done = new CompletableFuture<>();
        loop.execute(() -> {
            boolean known = name == null || setup.profiles().containsKey(name);
            if (known) {
                profile = name;
                publish();
            }
            done.complete(known);
        });
        return done;
    }

    /** Starts it as a request would; done when it is ready, or will not be. */
    public CompletionStage<Void> load(String name) {
        CompletableFuture<Void> done = new CompletableFuture<>();
        CompletableFuture<Ticket> entered = new CompletableFuture<>();
        entered.complete(enter(Asked.api(name, false, false), new Waiting() {
            @Override
            public void granted(Grant grant) {
                LOG.info("model {} is loaded", name);
                done.complete(null);
            }

            @Override
            public void refused(Refusal refusal) {
                LOG.warn("model {} is not loaded: {}", name, refusal.message());
                done.complete(null);
            }
        }));
        return done.thenCombine(entered, (nothing, ticket) -> {
            ticket.leave();
            return null;
        });
    }

    /** Done when its process is gone. Requests for it are refused. */
    public CompletionStage<Void> unload(String name) {
        ModelRun run = names.find(name);
        return stop(run == null ? List.of() : List.of(run), "model unloaded", null);
    }

    public CompletionStage<Void> unloadAll() {
        return stop(null, "model unloaded", null);
    }

    /** @param which null = all; @param grace null = each its own */
    private CompletionStage<Void> stop(@Nullable Collection<ModelRun> which, String reason, @Nullable Duration grace) {
        CompletableFuture<Void> done = new CompletableFuture<>();
        loop.execute(() -> {
            for (ModelRun run : which == null ? List.copyOf(runs.values()) : which) {
                scheduler.refuseAll(run, reason);
                run.stop(grace == null ? run.model.residency().unloadTimeout() : grace);
            }
            whenStopped.add(done);
            tellStopped();
        });
        return done;
    }

    /** Stops every process and waits for them, a few seconds. Blocking. */
    @Override
    public void close() {
        loop.execute(() -> {
            closed = true;
            ticker.cancel(false);
        });
        try {
            stop(null, "goinfer is stopping", CLOSE_GRACE)
                    .toCompletableFuture()
                    .get(CLOSE_GRACE.toSeconds() + 5, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (java.util.concurrent.ExecutionException | java.util.concurrent.TimeoutException e) {
            LOG.warn("models did not stop in time", e);
        }
    }

    // ---- requests

    @Override
    public boolean accepts() {
        return true;
    }

    @Override
    public boolean full() {
        return false;
    }

    @Override
    public Ticket enter(Asked asked, Waiting waiting) {
        Waiter waiter = new Waiter(asked, waiting, this);
        loop.execute(() -> admit(waiter));
        return waiter;
    }

    private void admit(Waiter waiter) {
        if (waiter.step == Waiter.Step.OVER) {
            return;
        }
        LocalNames.Choice choice = closed ? null : names.resolve(waiter.asked.model(), waiter.asked.infer());
        if (choice == null) {
            waiter.refuse(Refusal.unknownModel(waiter.asked.model()));
            return;
        }
        ModelRun run = choice.run();
        waiter.requested = choice.requested();
        waiter.selector = choice.selector();
        String error = run.model.error();
        if (!error.isEmpty()) {
            refuse(waiter, run, new Refusal(503, "unavailable_error", "model_unavailable", error, 0));
        } else if (scheduler.admitted(run) >= run.model.rules().concurrencyLimit()) {
            refuse(waiter, run, new Refusal(429, "rate_limit_error", "concurrency_limit", "Too many requests", 1));
        } else if (run.state != ModelRun.State.READY
                && run.model.rules().sleep().keptBy(waiter.asked)) {
            refuse(waiter, run, run.model.rules().sleep().refusal(run.model.id(), waiter.asked));
        } else if (run.model.rules().sleep().ignores(waiter.asked)) {
            giveBack(waiter, run);
            waiter.pass(run);
        } else {
            waiter.to(run);
            scheduler.enter(waiter);
            loadChanged();
        }
    }

    private void refuse(Waiter waiter, ModelRun run, Refusal refusal) {
        giveBack(waiter, run);
        waiter.refuse(refusal);
    }

    private void giveBack(Waiter waiter, ModelRun run) {
        if (waiter.selector != null) {
            names.release(waiter.selector, run.model.id());
            waiter.selector = null;
        }
    }

    void weigh(Waiter waiter, int slots) {
        loop.execute(() -> scheduler.weigh(waiter, slots));
    }

    void keepAlive(Waiter waiter, Duration time) {
        loop.execute(() -> {
            if (waiter.step != Waiter.Step.OVER && waiter.step != Waiter.Step.DOOR) {
                waiter.run().keepAlive = time;
            }
        });
    }

    void leave(Waiter waiter) {
        loop.execute(() -> {
            Waiter.Step was = waiter.step;
            if (was == Waiter.Step.OVER) {
                return;
            }
            if (was != Waiter.Step.DOOR) {
                giveBack(waiter, waiter.run());
            }
            scheduler.leave(waiter);
            if (was == Waiter.Step.RUNNING) {
                unloadIfAsked(waiter.run());
                waiter.run().observe();
            }
            loadChanged();
        });
    }

    /** {@code keep_alive: 0} unloads at once, when nobody else is there. */
    private void unloadIfAsked(ModelRun run) {
        Duration keep = run.keepAlive;
        if (keep != null && keep.isZero() && run.leases == 0 && scheduler.admitted(run) == 0) {
            run.stop(run.model.residency().unloadTimeout());
        }
    }

    // ---- what happens to processes

    /** Where others were stopped for a model that is loaded by memory, it waits until their memory is really free. */
    private void start(ModelRun run, boolean afterOthers) {
        if (afterOthers && scheduler.byMemory(run) && run.need() > 0) {
            awaitMemory(run, MEMORY_POLLS);
        } else {
            scheduler.starts(run);
            run.start();
        }
    }

    private void awaitMemory(ModelRun run, int polls) {
        loops.blocking().execute(() -> {
            long free = memory.freeBytes();
            loop.execute(() -> {
                boolean enough = free == 0 || free >= run.need();
                if (enough || polls == 0 || closed) {
                    scheduler.starts(run);
                    run.start();
                } else {
                    loop.schedule(() -> awaitMemory(run, polls - 1), MEMORY_POLL_MILLIS, TimeUnit.MILLISECONDS)
                            .addListener(done -> {});
                }
            });
        });
    }

    private void changed(ModelRun run) {
        scheduler.changed(run);
        publish();
        tellStopped();
    }

    private void tick() {
        long now = System.nanoTime();
        for (ModelRun run : List.copyOf(runs.values())) {
            Duration keep = run.keepAlive;
            Duration ttl = keep != null ? keep : run.model.residency().ttl();
            boolean ends = keep != null
                    ? !keep.isNegative()
                    : !ttl.isZero() && !run.model.residency().pinned();
            if (ends && run.state == ModelRun.State.READY && run.leases == 0 && now - run.usedAt > ttl.toNanos()) {
                LOG.info("model {} was not used for {} s", run.model.id(), ttl.toSeconds());
                run.stop(run.model.residency().unloadTimeout());
            }
        }
        if (scheduler.waiting() > 0) {
            scheduler.walk();
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
        Setup now = setup;
        Profile active = profile == null ? null : now.profiles().get(profile);
        names = new LocalNames(runs, now.selectors(), active, reserved);
        state = new LocalState(
                LocalState.statuses(runs.values()),
                LocalCatalog.infos(runs.values(), now.selectors().values(), active, names),
                active == null ? null : active.name());
        listeners.forEach(Runnable::run);
        loadChanged();
    }

    /** Told at most a few times a second: requests come and go faster. */
    private void loadChanged() {
        if (!loadPending && !closed) {
            loadPending = true;
            loop.schedule(this::publishLoad, LOAD_MILLIS, TimeUnit.MILLISECONDS).addListener(done -> {});
        }
    }

    private void publishLoad() {
        loadPending = false;
        NodeLoad now = LocalState.load(runs.values(), scheduler.waiting());
        if (!now.equals(load)) {
            load = now;
            loadListeners.forEach(Runnable::run);
        }
    }
}
