// SPDX-License-Identifier: MIT
package io.goinfer.proxy.model.local;

import io.goinfer.proxy.config.swap.SwapConfig;
import io.goinfer.proxy.model.Admission;
import io.goinfer.proxy.model.SlotQueue;
import io.goinfer.proxy.model.process.LogRing;
import io.goinfer.proxy.model.process.MemoryReadings;
import io.goinfer.proxy.model.process.ModelProcess;
import io.goinfer.proxy.model.process.Ports;
import io.goinfer.proxy.model.process.Readiness;
import io.goinfer.proxy.net.ByteBudget;
import io.goinfer.proxy.net.EventLoops;
import io.goinfer.proxy.upstream.HttpUpstream;
import io.netty.channel.EventLoop;
import io.netty.util.concurrent.Future;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.URI;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One model's process through its states. Confined to the models' loop.
 *
 * <pre>
 * STOPPED ──start──► STARTING ──probe 200──► READY ──stop──► STOPPING ──gone──► STOPPED
 *    ▲                  └── exit, time-out, stop ──► STOPPING / STOPPED    READY ──exit──► STOPPED
 * </pre>
 */
final class ModelRun {
    private static final Logger LOG = LoggerFactory.getLogger(ModelRun.class);
    private static final int ERROR_LINES = 12;
    private static final Duration FAILED_GRACE = Duration.ofSeconds(5);

    /** As llama-swap names them in /running. */
    enum State {
        STOPPED,
        STARTING,
        READY,
        STOPPING
    }

    /** Told on the loop after each change of state. */
    interface Owner {
        void changed(ModelRun run);
    }

    private final EventLoops loops;
    private final EventLoop loop;
    private final Duration healthTimeout;
    private final MemoryReadings memory;
    private final Owner owner;
    final LogRing log;
    LocalModel model;
    State state = State.STOPPED;

    /** Leases: waiting for a slot, or running. */
    int leases;

    final SlotQueue slots = new SlotQueue();

    /** {@code System.nanoTime()} of the last use, and of when it became ready. */
    long usedAt;

    long readyAt;

    /** What the last request that said so wants instead of the model's ttl; null = none did. */
    @Nullable
    Duration keepAlive;

    private long observedBytes;
    private boolean llama;

    /** Why the last start failed, or "". */
    String failure = "";

    /** True until who waited was told of the failure. */
    boolean failed;

    private @Nullable ModelProcess process;
    private @Nullable URI address;
    private @Nullable InetSocketAddress socket;
    private @Nullable Runnable probe;
    private @Nullable Future<?> deadline;
    private int port;
    private int generation;

    private boolean retired;

    /** Its process is being made on another thread. */
    private boolean spawning;

    ModelRun(
            LocalModel model,
            Duration healthTimeout,
            MemoryReadings memory,
            ByteBudget logs,
            EventLoops loops,
            EventLoop loop,
            Owner owner) {
        this.model = model;
        this.healthTimeout = healthTimeout;
        this.memory = memory;
        this.log = new LogRing(logs);
        this.loops = loops;
        this.loop = loop;
        this.owner = owner;
    }

    /** As estimated from its file, or more if more was seen. */
    long need() {
        return Math.max(observedBytes, model.needBytes());
    }

    boolean external() {
        return model.external();
    }

    /** For any thread. */
    LongSupplier pids() {
        ModelProcess now = process;
        return now == null ? () -> 0 : now::pid;
    }

    Admission.Grant grant(String requested) {
        URI url = java.util.Objects.requireNonNull(address, "not started");
        InetSocketAddress to = socket;
        SwapConfig.Timeouts timeouts = model.rules().timeouts();
        HttpUpstream.Target target = new HttpUpstream.Target(
                () -> to,
                url.getHost() + ":" + port(url),
                url.getPath() == null || url.getPath().equals("/") ? "" : url.getPath(),
                null,
                () -> state == State.READY,
                () -> {},
                Duration.ofSeconds(timeouts.connect()),
                Duration.ofSeconds(timeouts.responseHeader()));
        return new Admission.Grant(target, llama, model.rules().filters(), requested);
    }

    /** As it was started, or as it is configured. */
    List<String> command() {
        return port == 0 ? model.start().command() : withPort(model.start().command(), port);
    }

    private static List<String> withPort(List<String> words, int port) {
        return words.stream()
                .map(word -> word.replace("${PORT}", Integer.toString(port)))
                .toList();
    }

    String proxy() {
        return address == null ? model.start().proxy() : address.toString();
    }

    // ---- start

    void start() {
        int mine = ++generation;
        failure = "";
        become(State.STARTING);
        deadline = loop.schedule(
                () -> fail(mine, "health check timed out after " + healthTimeout.toSeconds() + " s"),
                healthTimeout.toMillis(),
                TimeUnit.MILLISECONDS);
        spawning = true;
        loops.blocking().execute(() -> spawn(mine));
    }

    /** On a blocking thread. */
    private void spawn(int mine) {
        int port = 0;
        try {
            port = model.start().port() == 0 ? 0 : Ports.take(model.start().port());
            URI url = URI.create(model.start().proxy().replace("${PORT}", Integer.toString(port)));
            InetSocketAddress to = new InetSocketAddress(java.net.InetAddress.getByName(url.getHost()), port(url));
            ModelProcess started = external()
                    ? null
                    : ModelProcess.start(
                            withPort(model.start().command(), port),
                            withPort(model.start().environment(), port),
                            log,
                            code -> loop.execute(() -> exited(mine, code)));
            int taken = port;
            loop.execute(() -> started(mine, started, url, to, taken));
        } catch (IOException | IllegalArgumentException e) {
            Ports.giveBack(port);
            loop.execute(() -> notSpawned(mine, "failed to start: " + e.getMessage()));
        }
    }

    private void notSpawned(int mine, String reason) {
        spawning &= mine != generation;
        if (mine == generation && state == State.STOPPING) {
            gone();
        } else {
            fail(mine, reason);
        }
    }

    private void started(int mine, @Nullable ModelProcess started, URI url, InetSocketAddress to, int taken) {
        spawning &= mine != generation;
        boolean unwanted = state == State.STOPPING && process == null;
        if (mine != generation || state != State.STARTING && !unwanted) {
            Ports.giveBack(taken);
            if (started != null) {
                started.stop(FAILED_GRACE);
            }
            return;
        }
        process = started;
        port = taken;
        if (unwanted) {
            if (started == null) {
                gone();
            } else {
                started.stop(FAILED_GRACE);
            }
            return;
        }
        address = url;
        socket = to;
        log.note(external() ? "using " + url : "started for " + url);
        if (model.start().checkEndpoint().isEmpty() || external()) {
            ready(mine, 0);
        } else {
            String base = url.getPath() == null ? "" : url.getPath();
            probe = Readiness.await(
                    loop,
                    to,
                    url.getHost() + ":" + port(url),
                    base,
                    model.start().checkEndpoint().replace("${PORT}", Integer.toString(taken)),
                    found -> ready(mine, found));
        }
    }

    private void ready(int mine, int slotsOfServer) {
        if (mine != generation || state != State.STARTING) {
            return;
        }
        cancelTimers();
        llama = slotsOfServer > 0;
        slots.slots(slotsOfServer > 0 ? slotsOfServer : slotsOfCommand());
        readyAt = System.nanoTime();
        usedAt = readyAt;
        become(State.READY);
        observe();
    }

    /** What it really uses, for the next decision. */
    void observe() {
        ModelProcess running = process;
        if (running != null && state == State.READY) {
            loops.blocking().execute(() -> {
                long bytes = memory.usedBy(running.pid());
                loop.execute(() -> observedBytes = Math.max(observedBytes, bytes));
            });
        }
    }

    private int slotsOfCommand() {
        String text = model.flag("-np", "--parallel");
        return text.matches("\\d{1,4}") ? Integer.parseInt(text) : 0;
    }

    // ---- end

    /** Stops it whatever it does. */
    void stop(Duration grace) {
        if (state == State.STARTING || state == State.READY) {
            cancelTimers();
            ModelProcess running = process;
            become(State.STOPPING);
            if (running != null) {
                end(running, grace);
            } else if (!spawning) {
                // It runs elsewhere: nothing to wait for.
                generation++;
                loop.execute(this::gone);
            } // else it ends as soon as it is there
        }
    }

    /** Stops it, and it will not start again. */
    void retire() {
        retired = true;
        stop(model.residency().unloadTimeout());
        if (state == State.STOPPED) {
            quiet();
        }
    }

    private void quiet() {
        if (retired) {
            log.close();
        } else {
            log.shrink();
        }
    }

    private void end(ModelProcess running, Duration grace) {
        if (model.start().stopCommand().isEmpty()) {
            running.stop(grace);
            return;
        }
        List<String> words = withPort(model.start().stopCommand(), port);
        List<String> environment = withPort(model.start().environment(), port);
        running.whenPidKnown(pid -> loops.blocking().execute(() -> stopCommand(words, environment, pid)));
        loop.schedule(() -> running.stop(Duration.ZERO), grace.toMillis(), TimeUnit.MILLISECONDS)
                .addListener(done -> {});
    }

    private void stopCommand(List<String> words, List<String> environment, long pid) {
        try {
            List<String> command = words.stream()
                    .map(word -> word.replace("${PID}", Long.toString(pid)))
                    .toList();
            ModelProcess.start(command, environment, log, code -> {});
        } catch (IOException e) {
            LOG.warn("{}: cmdStop: {}", model.id(), e.getMessage());
        }
    }

    private void exited(int mine, int code) {
        if (mine != generation) {
            return;
        }
        process = null;
        if (state == State.STARTING) {
            fail(mine, "upstream command exited prematurely with code " + code);
        } else if (state == State.READY) {
            failed = true;
            failure = "its process exited with code " + code + "; the last lines of its log:\n"
                    + log.lastLines(ERROR_LINES);
            LOG.warn("{} upstream process exited unexpectedly, code {}", model.id(), code);
            gone();
        } else {
            gone();
        }
    }

    private void fail(int mine, String reason) {
        if (mine != generation || state != State.STARTING) {
            return;
        }
        cancelTimers();
        String lines = log.lastLines(ERROR_LINES);
        failure = reason + (lines.isBlank() || external() ? "" : "; the last lines of its log:\n" + lines);
        failed = true;
        LOG.warn("model {}: {}", model.id(), reason);
        ModelProcess running = process;
        if (running == null) {
            gone();
        } else {
            become(State.STOPPING);
            running.stop(FAILED_GRACE);
        }
    }

    private void gone() {
        cancelTimers();
        giveBackPort();
        process = null;
        keepAlive = null;
        log.note("stopped");
        quiet();
        become(State.STOPPED);
    }

    private void giveBackPort() {
        Ports.giveBack(port);
        port = 0;
    }

    private void cancelTimers() {
        if (probe != null) {
            probe.run();
            probe = null;
        }
        if (deadline != null) {
            deadline.cancel(false);
            deadline = null;
        }
    }

    private void become(State next) {
        state = next;
        LOG.info("model {}: {}", model.id(), next.name().toLowerCase(java.util.Locale.ROOT));
        owner.changed(this);
    }

    private static int port(URI url) {
        return url.getPort() >= 0 ? url.getPort() : url.getScheme().equals("https") ? 443 : 80;
    }
}
