// SPDX-License-Identifier: MIT
package io.goinfer.proxy;

import io.goinfer.proxy.config.Balance;
import io.goinfer.proxy.config.GoinferConfig;
import io.goinfer.proxy.config.swap.SwapConfig;
import io.goinfer.proxy.fleet.Fleet;
import io.goinfer.proxy.model.discovery.FoundModel;
import io.goinfer.proxy.model.discovery.ModelFinder;
import io.goinfer.proxy.model.gguf.HeaderCache;
import io.goinfer.proxy.model.llama.AdmittedUpstream;
import io.goinfer.proxy.model.local.GroupPolicy;
import io.goinfer.proxy.model.local.LocalModel;
import io.goinfer.proxy.model.local.LocalModelFactory;
import io.goinfer.proxy.model.local.LocalModels;
import io.goinfer.proxy.model.local.ModelOutput;
import io.goinfer.proxy.model.process.MachineMemory;
import io.goinfer.proxy.model.process.MemoryReadings;
import io.goinfer.proxy.net.ByteBudget;
import io.goinfer.proxy.net.EventLoops;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The models of this machine, of a llama-swap.yml and of GGUF files that are found, in a fleet. */
final class Locals implements AutoCloseable {
    /** Their owner's name in lists. */
    static final String OWNER = "local";

    private static final Logger LOG = LoggerFactory.getLogger(Locals.class);

    /** Values of logToStdout that show what models print. */
    private static final Set<String> OUTPUT = Set.of("upstream", "both");

    private static final long RESCAN_SECONDS = 5;

    /** How often lists learn of headers while many are being read. */
    private static final long HEADERS_NANOS = TimeUnit.SECONDS.toNanos(2);

    private final Fleet fleet;
    private final EventLoops loops;
    private final MemoryReadings memory = new MachineMemory();
    private final LocalModels models;
    private final AdmittedUpstream upstream;
    private final HeaderCache headers = new HeaderCache();
    private final io.netty.util.concurrent.Future<?> rescans;
    private List<LocalModel> current = List.of();
    private final AtomicBoolean scanning = new AtomicBoolean();
    private Set<Path> missing = Set.of();
    private boolean scanned;
    private volatile GoinferConfig config;

    Locals(GoinferConfig config, EventLoops loops, Fleet fleet) {
        this.config = config;
        this.loops = loops;
        this.fleet = fleet;
        LocalModels.Setup first = setup(config, configured(config), Set.of(), 0);
        this.models = new LocalModels(first, config.models().swap().settings().healthCheckTimeout(), memory, loops);
        this.upstream = new AdmittedUpstream(models, new ByteBudget());
        if (config.models().any()) {
            fleet.add(OWNER, OWNER, upstream);
        }
        models.onChange(() -> fleet.update(OWNER, models.state().infos(), true));
        if (OUTPUT.contains(config.models().swap().settings().logToStdout())) {
            ModelOutput.follow(models);
        }
        models.onLoad(() -> {
            var load = models.load();
            fleet.load(OWNER, load.busy() + load.queued());
        });
        models.replace(first).toCompletableFuture().join();
        fleet.awaits(OWNER);
        this.rescans =
                loops.next().scheduleWithFixedDelay(this::rescanSoon, RESCAN_SECONDS, RESCAN_SECONDS, TimeUnit.SECONDS);
    }

    LocalModels models() {
        return models;
    }

    void start() {
        rescanSoon();
    }

    /** Another configuration: unchanged models keep running. When it returns, the new ones can be called. Blocking. */
    void reload(GoinferConfig next) {
        boolean changed =
                !next.models().equals(config.models()) || !next.balance().equals(config.balance());
        config = next;
        if (changed) {
            scan(true);
            rescanSoon();
        }
    }

    private static LocalModels.Setup setup(
            GoinferConfig config, List<LocalModel> all, Set<String> byMemory, long capacity) {
        SwapConfig swap = config.models().swap();
        Set<String> pinned = new LinkedHashSet<>(config.balance().pinned());
        return new LocalModels.Setup(
                all, new GroupPolicy(swap.routing(), byMemory, pinned, capacity), swap.selectors(), swap.profiles());
    }

    private static LocalModelFactory factory(GoinferConfig config) {
        GoinferConfig.ModelsConfig models = config.models();
        return new LocalModelFactory(
                models.llamaExe(),
                models.commonArgs(),
                models.goinferArgs(),
                config.balance(),
                config.limits().queue());
    }

    private static List<LocalModel> configured(GoinferConfig config) {
        LocalModelFactory factory = factory(config);
        SwapConfig swap = config.models().swap();
        return swap.models().values().stream()
                .map(model -> factory.configured(swap, model))
                .toList();
    }

    private void rescanSoon() {
        if (config.models().any() && scanning.compareAndSet(false, true)) {
            loops.blocking().execute(() -> {
                try {
                    rescan();
                } finally {
                    scanning.set(false);
                }
            });
        }
    }

    /** Lists first, reads then: a list never waits for the headers of many files. Blocking. */
    private void rescan() {
        List<Path> unread = scan(false);
        long told = System.nanoTime();
        for (Path file : unread) {
            headers.header(file);
            if (System.nanoTime() - told > HEADERS_NANOS) {
                told = System.nanoTime();
                scan(false);
            }
        }
        if (!unread.isEmpty()) {
            scan(false);
        }
    }

    /** Blocking. What is configured wins over what is found under the same name or in the same file. */
    private synchronized List<Path> scan(boolean changed) {
        List<Path> unread = new ArrayList<>();
        GoinferConfig now = config;
        LocalModelFactory factory = factory(now);
        List<LocalModel> all = new ArrayList<>();
        Set<String> names = new LinkedHashSet<>();
        Set<String> files = new LinkedHashSet<>();
        Set<Path> seen = new HashSet<>();
        for (LocalModel model : configured(now)) {
            Path file = model.file();
            LocalModel known = file == null ? model : factory.of(model, file, headers);
            if (file != null) {
                seen.add(file);
            }
            all.add(known);
            names.add(known.id());
            names.addAll(known.names());
            files.addAll(known.start().command());
        }
        int configured = all.size();
        Set<String> byMemory = new LinkedHashSet<>();
        warnOfMissing(now.models().folders());
        List<FoundModel> found =
                now.models().discover() ? ModelFinder.find(now.models().folders()) : List.of();
        found.forEach(one -> seen.add(one.file()));
        headers.retain(seen);
        for (FoundModel one : found) {
            HeaderCache.Entry header = headers.known(one.file());
            if (header == HeaderCache.UNREAD) {
                unread.add(one.file());
            }
            boolean projector = header.header() != null && header.header().projector();
            if (files.contains(one.file().toString()) || projector) {
                continue;
            }
            if (!names.add(one.name())) {
                LOG.debug("{}: {} is the name of another model", one.file(), one.name());
                continue;
            }
            all.add(factory.found(one, header));
            byMemory.add(one.name());
            if (!now.models().goinferArgs().isEmpty() && names.add(LocalModelFactory.TWIN + one.name())) {
                all.add(factory.twin(one, header));
                byMemory.add(LocalModelFactory.TWIN + one.name());
            }
        }
        if (!all.equals(current) || !scanned || changed) {
            current = all;
            LOG.info("{} models: {} configured, {} found", all.size(), configured, all.size() - configured);
            fleet.add(OWNER, OWNER, upstream);
            models.replace(setup(now, all, byMemory(now, byMemory), memory.totalBytes()))
                    .toCompletableFuture()
                    .join();
        }
        if (!scanned) {
            scanned = true;
            fleet.update(OWNER, models.state().infos(), true);
            preload(now.models().swap().preload());
        }
        return unread;
    }

    /** Once for each that is missing, and again when it is missing again. */
    private void warnOfMissing(List<Path> folders) {
        Set<Path> now = new LinkedHashSet<>();
        for (Path folder : folders) {
            if (!Files.isDirectory(folder)) {
                now.add(folder);
                if (!missing.contains(folder)) {
                    LOG.warn("models_dir: {} is no folder; it will be looked for again", folder);
                }
            }
        }
        missing = now;
    }

    /** One after the other, as llama-swap does it. */
    private void preload(List<String> ids) {
        if (!ids.isEmpty()) {
            models.load(ids.get(0)).thenRun(() -> preload(ids.subList(1, ids.size())));
        }
    }

    private static Set<String> byMemory(GoinferConfig config, Set<String> found) {
        if (config.balance().ungrouped() == Balance.Ungrouped.BY_KIND) {
            return found;
        }
        Set<String> ids = new LinkedHashSet<>();
        if (config.balance().ungrouped() == Balance.Ungrouped.MEMORY) {
            ids.addAll(found);
            ids.addAll(config.models().swap().models().keySet());
            config.models().swap().routing().groups().forEach(group -> ids.removeAll(group.members()));
        }
        return ids;
    }

    @Override
    public void close() {
        rescans.cancel(false);
        models.close();
    }
}
