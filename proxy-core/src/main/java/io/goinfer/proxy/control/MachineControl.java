// SPDX-License-Identifier: MIT
package io.goinfer.proxy.control;

import io.goinfer.proxy.json.JsonTree;
import io.goinfer.proxy.machine.Hardware;
import io.goinfer.proxy.machine.Performance;
import io.goinfer.proxy.net.EventLoops;
import io.goinfer.proxy.upstream.Refusal;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.format.DateTimeParseException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** llama-swap's paths about this machine. Thread-safe; what blocks runs on the executor for that. */
public final class MachineControl {
    private static final Logger LOG = LoggerFactory.getLogger(MachineControl.class);

    private final EventLoops loops;
    private final @Nullable Duration every;
    private final @Nullable Performance performance;
    private @Nullable CompletableFuture<String> hardware;

    /** @param every how often the machine is measured; null = never */
    public MachineControl(EventLoops loops, @Nullable Duration every) {
        this.loops = loops;
        this.every = every;
        this.performance = every == null ? null : new Performance(every);
        schedule();
    }

    /** One after the other: a tool that hangs delays the next sample. */
    private void schedule() {
        if (every != null) {
            loops.next()
                    .schedule(this::sample, every.toMillis(), TimeUnit.MILLISECONDS)
                    .addListener(done -> LOG.trace("sampled"));
        }
    }

    private void sample() {
        try {
            loops.blocking().execute(() -> {
                try {
                    if (performance != null) {
                        performance.sample();
                    }
                    schedule();
                } catch (RuntimeException | LinkageError e) {
                    LOG.warn("this machine cannot be measured: {}", e.toString());
                }
            });
        } catch (RejectedExecutionException e) {
            LOG.debug("closed", e);
        }
    }

    CompletionStage<Reply> performance(Call call) {
        if (performance == null) {
            return Reply.json(503, "{\"enabled\":false}").now();
        }
        String after = call.parameter("after");
        Instant from;
        try {
            from = after == null ? Instant.MIN : OffsetDateTime.parse(after).toInstant();
        } catch (DateTimeParseException e) {
            return Reply.refuse(Refusal.invalid("bad_request", "after: " + after + " (expected: RFC 3339)"))
                    .now();
        }
        return CompletableFuture.supplyAsync(() -> Reply.json(performance.json(from)), loops.blocking());
    }

    /** Looked at once. */
    synchronized CompletionStage<Reply> hardware() {
        if (hardware == null) {
            hardware = CompletableFuture.supplyAsync(() -> JsonTree.write(Hardware.read()), loops.blocking());
        }
        return hardware.handle((json, failure) -> {
            if (failure == null) {
                return Reply.json(200, json);
            }
            LOG.warn("this machine's hardware cannot be read", failure);
            return Reply.refuse(new Refusal(
                    503, "server_error", "service_unavailable", "the hardware cannot be read: see the log", 0));
        });
    }
}
