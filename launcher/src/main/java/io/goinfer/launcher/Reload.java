// SPDX-License-Identifier: MIT
package io.goinfer.launcher;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import sun.misc.Signal;

/** Has the configuration read again on SIGHUP and when its files change. One thread of its own. */
final class Reload {
    private static final Logger LOG = LoggerFactory.getLogger(Reload.class);
    private static final long POLL_SECONDS = 2;

    private final CommonOptions options;
    private final Runnable reload;
    private final Semaphore asked = new Semaphore(0);
    private Map<Path, String> seen = Map.of();

    private Reload(CommonOptions options, Runnable reload) {
        this.options = options;
        this.reload = reload;
        this.seen = stamps();
    }

    /** @param reload called on the thread of its own */
    @SuppressWarnings("sunapi")
    static void watch(CommonOptions options, Runnable reload) {
        Reload watcher = new Reload(options, reload);
        try {
            Signal.handle(new Signal("HUP"), signal -> watcher.asked.release());
        } catch (IllegalArgumentException e) {
            LOG.debug("no SIGHUP here", e);
        }
        Thread thread = new Thread(watcher::run, "reload");
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
                    reload.run();
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
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
