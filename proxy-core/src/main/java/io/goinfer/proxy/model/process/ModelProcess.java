// SPDX-License-Identifier: MIT
package io.goinfer.proxy.model.process;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.IntConsumer;
import java.util.function.LongConsumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** One run of a model's command with everything that it starts. Its output goes to a {@link LogRing}. Thread-safe. */
public final class ModelProcess {
    private static final Logger LOG = LoggerFactory.getLogger(ModelProcess.class);
    private static final int MAX_MARK = 64;

    private final Process process;
    private final LogRing log;
    private final IntConsumer exited;
    private final AtomicBoolean told = new AtomicBoolean();
    private final CompletableFuture<Long> pid = new CompletableFuture<>();
    private volatile int code = -1;
    private StringBuilder mark = new StringBuilder();
    private boolean inMark;
    private boolean lineStart = true;

    private ModelProcess(Process process, LogRing log, IntConsumer exited) {
        this.process = process;
        this.log = log;
        this.exited = exited;
    }

    /**
     * Blocking for the time of a fork.
     *
     * @param environment {@code NAME=value}, added to ours
     * @param exited told once, on a thread of its own, when the command and all that it started are gone
     * @throws IOException if the command cannot be started
     */
    public static ModelProcess start(List<String> words, List<String> environment, LogRing log, IntConsumer exited)
            throws IOException {
        if (words.isEmpty()) {
            throw new IOException("empty command");
        }
        ProcessBuilder builder = new ProcessBuilder(Guardian.command(words)).redirectErrorStream(true);
        Map<String, String> variables = builder.environment();
        for (String pair : environment) {
            int equals = pair.indexOf('=');
            if (equals > 0) {
                variables.put(pair.substring(0, equals), pair.substring(equals + 1));
            }
        }
        Process process = builder.start();
        ModelProcess started = new ModelProcess(process, log, exited);
        if (!Guardian.available()) {
            started.pid.complete(process.pid());
        }
        Thread reader = new Thread(started::read, "model-log-" + process.pid());
        reader.setDaemon(true);
        reader.start();
        return started;
    }

    /** Of the command itself; 0 until it is known. */
    public long pid() {
        return pid.getNow(0L);
    }

    /** {@link #pid()} as soon as it is known, on the thread that reads the log; never if the command ended before. */
    public void whenPidKnown(LongConsumer user) {
        CompletableFuture<Void> unused = pid.thenAccept(user::accept);
    }

    /** Ends the command and all that it started: asked, then forced after the grace. Idempotent; returns at once. */
    public void stop(Duration grace) {
        if (!Guardian.available()) {
            process.descendants().forEach(ProcessHandle::destroyForcibly);
            process.destroyForcibly();
            return;
        }
        try {
            process.getOutputStream()
                    .write(("stop " + Math.max(0, grace.toSeconds()) + "\n").getBytes(StandardCharsets.US_ASCII));
            process.getOutputStream().flush();
        } catch (IOException e) {
            LOG.debug("guardian {} is gone", process.pid(), e);
        }
    }

    private void read() {
        byte[] buffer = new byte[8 << 10];
        try (InputStream in = process.getInputStream()) {
            for (int got = in.read(buffer); got >= 0; got = in.read(buffer)) {
                take(buffer, got);
            }
        } catch (IOException e) {
            LOG.debug("log of process {} ended", process.pid(), e);
        }
        try {
            process.waitFor(1, TimeUnit.MINUTES);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        if (told.compareAndSet(false, true)) {
            exited.accept(code >= 0 || process.isAlive() ? code : process.exitValue());
        }
    }

    /** Splits the guardian's own lines off. */
    private void take(byte[] bytes, int length) {
        int from = 0;
        for (int i = 0; i < length; i++) {
            byte b = bytes[i];
            if (inMark) {
                from = i + 1;
                if (b == '\n') {
                    marked(mark.toString());
                    mark = new StringBuilder();
                    inMark = false;
                } else if (mark.length() < MAX_MARK) {
                    mark.append((char) b);
                }
            } else if (lineStart && b == Guardian.MARK) {
                log.append(bytes, from, i - from);
                inMark = true;
                from = i + 1;
            }
            lineStart = b == '\n';
        }
        if (from < length) {
            log.append(bytes, from, length - from);
        }
    }

    private void marked(String line) {
        if (line.matches("pid \\d{1,9}")) {
            pid.complete(Long.parseLong(line.substring(4)));
        } else if (line.matches("exit \\d{1,3}")) {
            code = Integer.parseInt(line.substring(5));
        }
    }
}
