// SPDX-License-Identifier: MIT
package io.goinfer.bench.llama;

import io.netty.channel.EventLoop;
import io.netty.util.concurrent.Future;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/**
 * Tokens come in decode steps: all slots that are due within the same millisecond get theirs together, as llama-server's batches do it. One timer a
 * step, so that the server stays small beside what is measured. Confined to the server's loop.
 */
final class Steps {
    private static final long STEP_NANOS = 1_000_000;

    private final EventLoop loop;
    private final Map<Long, List<Runnable>> waiting = new HashMap<>();

    Steps(EventLoop loop) {
        this.loop = loop;
    }

    /** @param nanos of {@code System.nanoTime()} */
    void at(long nanos, Runnable token) {
        long step = nanos / STEP_NANOS + 1;
        List<Runnable> tokens = waiting.get(step);
        if (tokens == null) {
            tokens = new ArrayList<>();
            waiting.put(step, tokens);
            List<Runnable> all = tokens;
            Future<?> unused = loop.schedule(
                    () -> {
                        waiting.remove(step);
                        all.forEach(Runnable::run);
                    },
                    Math.max(0, step * STEP_NANOS - System.nanoTime()),
                    TimeUnit.NANOSECONDS);
        }
        tokens.add(token);
    }
}
