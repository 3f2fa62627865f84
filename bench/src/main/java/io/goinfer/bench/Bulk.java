// SPDX-License-Identifier: MIT
package io.goinfer.bench;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.HttpURLConnection;
import java.net.URI;
import java.util.concurrent.atomic.AtomicLong;

/** Something large that passes the tunnel beside the tokens, as fast as it may, until it is stopped. */
final class Bulk {
    private static final long BYTES = 1L << 40;

    /** One after the other. */
    private static final long UPLOAD = 1L << 30;

    private final Thread thread;
    private final long startedAt = System.nanoTime();
    private final AtomicLong bytes = new AtomicLong();
    private volatile long endedAt;
    private volatile boolean closed;

    private interface Transfer {
        void run(Bulk bulk, LoadDriver.Target target) throws IOException;
    }

    private Bulk(LoadDriver.Target target, Transfer transfer) {
        this.thread = new Thread(() -> run(target, transfer), "bulk");
        this.thread.setDaemon(true);
    }

    /** From the node. */
    static Bulk download(LoadDriver.Target target) {
        return start(target, Bulk::read);
    }

    /** To the node. */
    static Bulk upload(LoadDriver.Target target) {
        return start(target, Bulk::write);
    }

    private static Bulk start(LoadDriver.Target target, Transfer transfer) {
        Bulk bulk = new Bulk(target, transfer);
        bulk.thread.start();
        return bulk;
    }

    private static HttpURLConnection call(LoadDriver.Target target, String path) throws IOException {
        HttpURLConnection call = (HttpURLConnection)
                URI.create("http://127.0.0.1:" + target.port() + path).toURL().openConnection();
        call.setRequestProperty("Authorization", "Bearer " + target.key());
        call.setRequestProperty("x-goinfer-model", target.model());
        return call;
    }

    private void read(LoadDriver.Target target) throws IOException {
        HttpURLConnection call = call(target, "/v1/sim/download?bytes=" + BYTES);
        try (InputStream in = call.getInputStream()) {
            byte[] buffer = new byte[64 << 10];
            for (int n = in.read(buffer); n >= 0 && !closed; n = in.read(buffer)) {
                bytes.addAndGet(n);
            }
        } finally {
            call.disconnect();
        }
    }

    private void write(LoadDriver.Target target) throws IOException {
        while (!closed) {
            writeOne(target);
        }
    }

    private void writeOne(LoadDriver.Target target) throws IOException {
        HttpURLConnection call = call(target, "/v1/sim/upload");
        call.setDoOutput(true);
        call.setFixedLengthStreamingMode(UPLOAD);
        call.setRequestProperty("Content-Type", "application/octet-stream");
        byte[] buffer = new byte[64 << 10];
        try (OutputStream out = call.getOutputStream()) {
            for (long left = UPLOAD; left > 0 && !closed; left -= buffer.length) {
                out.write(buffer);
                bytes.addAndGet(buffer.length);
            }
            if (!closed && call.getResponseCode() != 200) {
                throw new IOException("the upload was answered " + call.getResponseCode());
            }
        } finally {
            call.disconnect();
        }
    }

    private void run(LoadDriver.Target target, Transfer transfer) {
        try {
            transfer.run(this, target);
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
