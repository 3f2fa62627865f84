// SPDX-License-Identifier: MIT
package io.goinfer.proxy;

import io.goinfer.proxy.config.BackendConfig;
import io.goinfer.proxy.fleet.Fleet;
import io.goinfer.proxy.model.BackendPoller;
import io.goinfer.proxy.model.llama.AdmittedUpstream;
import io.goinfer.proxy.net.ByteBudget;
import io.goinfer.proxy.net.EventLoops;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** The servers that already run, followed into a fleet. */
final class Backends implements AutoCloseable {
    private static final long TICK_SECONDS = 5;

    private final List<BackendPoller> pollers = new ArrayList<>();
    private final io.netty.util.concurrent.Future<?> ticker;

    Backends(List<BackendConfig> configs, int queueLimit, EventLoops loops, Fleet fleet) throws IOException {
        ByteBudget budget = new ByteBudget();
        for (BackendConfig config : configs) {
            BackendPoller poller = new BackendPoller(
                    config.name(),
                    config.url(),
                    key(config),
                    config.slots(),
                    queueLimit,
                    loops,
                    (models, there) -> fleet.update(config.name(), models, there));
            fleet.add(config.name(), config.name(), new AdmittedUpstream(poller.queue(), budget));
            pollers.add(poller);
        }
        ticker = loops.next().scheduleWithFixedDelay(fleet::tick, TICK_SECONDS, TICK_SECONDS, TimeUnit.SECONDS);
    }

    private static @Nullable String key(BackendConfig config) throws IOException {
        if (config.keyFile() != null) {
            return Files.readString(Path.of(config.keyFile())).strip();
        }
        if (config.keyEnv() != null) {
            String key = System.getenv(config.keyEnv());
            if (key == null || key.isBlank()) {
                throw new IOException("backend " + config.name() + ": the variable " + config.keyEnv() + " is not set");
            }
            return key.strip();
        }
        return null;
    }

    void start() {
        pollers.forEach(BackendPoller::start);
    }

    @Override
    public void close() {
        ticker.cancel(false);
        pollers.forEach(BackendPoller::close);
    }
}
