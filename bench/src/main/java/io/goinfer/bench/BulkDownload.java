// SPDX-License-Identifier: MIT
package io.goinfer.bench;

import java.io.IOException;
import java.io.InputStream;
import java.net.HttpURLConnection;
import java.net.URI;
import java.util.concurrent.atomic.AtomicLong;

/** Something large that comes through the tunnel beside the tokens, as fast as it may, until it is stopped. */
final class BulkDownload {
    private static final long BYTES = 1L << 40;

    private final Thread thread;
    private final long startedAt = System.nanoTime();
    private final AtomicLong bytes = new AtomicLong();
    private volatile long endedAt;
    private volatile boolean closed;

    private BulkDownload(LoadDriver.Target target) {
        this.thread = new Thread(() -> run(target), "bulk");
        this.thread.setDaemon(true);
    }

    static BulkDownload start(LoadDriver.Target target) {
        BulkDownload bulk = new BulkDownload(target);
        bulk.thread.start();
        return bulk;
    }

    private void run(LoadDriver.Target target) {
        try {
            HttpURLConnection call = (HttpURLConnection)
                    URI.create("http://127.0.0.1:" + target.port() + "/v1/sim/download?bytes=" + BYTES)
                            .toURL()
                            .openConnection();
            call.setRequestProperty("Authorization", "Bearer " + target.key());
            call.setRequestProperty("x-goinfer-model", target.model());
            try (InputStream in = call.getInputStream()) {
                byte[] buffer = new byte[64 << 10];
                for (int n = in.read(buffer); n >= 0 && !closed; n = in.read(buffer)) {
                    bytes.addAndGet(n);
                }
            } finally {
                call.disconnect();
            }
        } catch (IOException e) {
            // What came until then counts.
            closed = true;
        }
        endedAt = System.nanoTime();
    }

    /** Mean since the start. */
    double megabits() {
        long end = endedAt == 0 ? System.nanoTime() : endedAt;
        return bytes.get() * 8e3 / Math.max(1, end - startedAt);
    }

    void stop() throws InterruptedException {
        closed = true;
        thread.join(5_000);
    }
}
