// SPDX-License-Identifier: MIT
package io.goinfer.proxy;

import io.goinfer.proxy.config.GoinferConfig.ModelsConfig;
import io.goinfer.proxy.fleet.Fleet;
import io.goinfer.proxy.model.discovery.FoundModel;
import io.goinfer.proxy.model.discovery.ModelFinder;
import io.goinfer.proxy.model.gguf.HeaderCache;
import io.goinfer.proxy.model.local.GroupPolicy;
import io.goinfer.proxy.model.local.LocalModel;
import io.goinfer.proxy.model.local.LocalModelFactory;
import io.goinfer.proxy.model.local.LocalModels;
import io.goinfer.proxy.model.local.LocalUpstream;
import io.goinfer.proxy.model.process.DeviceMemory;
import io.goinfer.proxy.net.EventLoops;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The models of this machine, of a llama-swap.yml and of GGUF files that are found, in a fleet. */
final class Locals implements AutoCloseable {
    /** Their owner's name in lists. */
    static final String OWNER = "local";

    private static final Logger LOG = LoggerFactory.getLogger(Locals.class);
    private static final long RESCAN_SECONDS = 5;

    private final Fleet fleet;
    private final EventLoops loops;
    private final LocalModels models;
    private final LocalUpstream upstream;
    private final HeaderCache headers = new HeaderCache();
    private final io.netty.util.concurrent.Future<?> rescans;
    private List<LocalModel> current;
    private boolean preloaded;
    private volatile ModelsConfig config;

    Locals(ModelsConfig config, EventLoops loops, Fleet fleet) {
        this.config = config;
        this.loops = loops;
        this.fleet = fleet;
        this.current = configured(config);
        this.models = new LocalModels(
                current,
                new GroupPolicy(config.swap().groups(), Set.of(), 0),
                config.swap().healthCheckTimeout(),
                loops,
                infos -> fleet.update(OWNER, infos, true));
        this.upstream = new LocalUpstream(models);
        if (config.any()) {
            fleet.add(OWNER, OWNER, upstream);
        }
        this.rescans =
                loops.next().scheduleWithFixedDelay(this::rescanSoon, RESCAN_SECONDS, RESCAN_SECONDS, TimeUnit.SECONDS);
    }

    LocalModels models() {
        return models;
    }

    void start() {
        rescanSoon();
    }

    /** Another configuration: unchanged models keep running. */
    void reload(ModelsConfig next) {
        config = next;
        loops.blocking().execute(this::rescan);
    }

    private static List<LocalModel> configured(ModelsConfig config) {
        return config.swap().models().values().stream()
                .map(model -> LocalModelFactory.configured(model, config.swap().aliasesInList()))
                .toList();
    }

    private void rescanSoon() {
        if (config.any()) {
            loops.blocking().execute(this::rescan);
        }
    }

    /** Blocking. What is configured wins over what is found under the same name or in the same file. */
    private synchronized void rescan() {
        ModelsConfig now = config;
        LocalModelFactory factory = new LocalModelFactory(now.llamaExe(), now.commonArgs());
        List<LocalModel> all = new ArrayList<>(configured(now));
        Set<String> names = new LinkedHashSet<>();
        Set<String> found = new LinkedHashSet<>();
        all.forEach(model -> names.add(model.id()));
        List<FoundModel> files = now.discover() ? ModelFinder.find(now.folders()) : List.of();
        for (FoundModel file : files) {
            boolean inCommand = all.stream()
                    .anyMatch(model -> model.command().contains(file.file().toString()));
            HeaderCache.Entry header = headers.header(file.file());
            boolean projector = header.header() != null && header.header().projector();
            if (!inCommand && !projector && names.add(file.name())) {
                all.add(factory.found(file, header));
                found.add(file.name());
            } else if (!file.error().isEmpty()) {
                LOG.debug("{}: {}", file.file(), file.error());
            }
        }
        if (!all.equals(current) || !preloaded) {
            current = all;
            LOG.info("{} models: {} configured, {} found", all.size(), all.size() - found.size(), found.size());
            fleet.add(OWNER, OWNER, upstream);
            models.replace(all, new GroupPolicy(now.swap().groups(), found, DeviceMemory.bytes()));
        }
        if (!preloaded) {
            preloaded = true;
            now.swap().preload().forEach(models::preload);
        }
    }

    @Override
    public void close() {
        rescans.cancel(false);
        models.close();
    }
}
