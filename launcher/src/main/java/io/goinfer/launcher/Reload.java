// SPDX-License-Identifier: MIT
package io.goinfer.launcher;

import io.goinfer.proxy.config.ConfigException;
import io.goinfer.proxy.config.GoinferConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import sun.misc.Signal;

/** Reads the configuration again on SIGHUP and when its files change. A file with errors changes nothing. One thread of its own. */
final class Reload {
    private static final Logger LOG = LoggerFactory.getLogger(Reload.class);
    private static final long POLL_SECONDS = 2;

    private final CommonOptions options;
    private final Consumer<GoinferConfig> user;
    private final Semaphore asked = new Semaphore(0);
    private Map<Path, String> seen = Map.of();

    private Reload(CommonOptions options, Consumer<GoinferConfig> user) {
        this.options = options;
        this.user = user;
        this.seen = stamps();
    }

    /** @param user gets the new configuration, on the reloading thread; takes of it what can change while it runs */
    @SuppressWarnings("sunapi")
    static void watch(CommonOptions options, Consumer<GoinferConfig> user) {
        Reload reload = new Reload(options, user);
        try {
            Signal.handle(new Signal("HUP"), signal -> reload.asked.release());
        } catch (IllegalArgumentException e) {
            LOG.debug("no SIGHUP here", e);
        }
        Thread thread = new Thread(reload::run, "reload");
        thread.setDaemon(true);
        thread.start();
    }

    private void run() {
        try {
            while (true) {
                boolean signalled = asked.tryAcquire(POLL_SECONDS, TimeUnit.SECONDS);
                asked.drainPermits();
                Map<Path, String> now = stamps();
                if (signalled || !now.equals(seen)) {
                    seen = now;
                    reload();
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void reload() {
        try {
            user.accept(options.load());
            LOG.info("configuration read again; models follow it, everything else from the next start on");
        } catch (ConfigException e) {
            e.problems().forEach(problem -> LOG.error("{}", problem.text()));
            LOG.error("the configuration has errors; the one before stays in force");
        } catch (IOException | IllegalArgumentException e) {
            LOG.error("the configuration cannot be read ({}); the one before stays in force", e.getMessage());
        }
    }

    /** Size and time of change of each file; one that is gone for a moment, while an editor writes it, has not changed. */
    private Map<Path, String> stamps() {
        Map<Path, String> stamps = new HashMap<>(seen);
        for (Path file : options.files()) {
            try {
                stamps.put(file, Files.size(file) + " " + Files.getLastModifiedTime(file));
            } catch (IOException e) {
                LOG.debug("{} is not there", file, e);
            }
        }
        return stamps;
    }
}
