// SPDX-License-Identifier: MIT
package io.goinfer.proxy.model.process;

import io.goinfer.proxy.model.Props;
import io.goinfer.proxy.upstream.SmallGet;
import io.netty.channel.EventLoop;
import io.netty.util.concurrent.Future;
import java.net.InetSocketAddress;
import java.util.concurrent.TimeUnit;
import java.util.function.IntConsumer;
import org.jspecify.annotations.Nullable;

/**
 * Asks a starting server until it answers 200, then for its slots: at once, each 5 ms for 100 ms, each 20 ms for 5 s, then each 100 ms. Confined to its
 * loop.
 */
public final class Readiness {
    private static final long FAST_NANOS = TimeUnit.MILLISECONDS.toNanos(100);
    private static final long MIDDLE_NANOS = TimeUnit.SECONDS.toNanos(5);
    private static final long TIMEOUT_MILLIS = 5_000;

    private final EventLoop loop;
    private final InetSocketAddress to;
    private final String authority;
    private final String base;
    private final String path;
    private final IntConsumer ready;
    private final long startedAt = System.nanoTime();
    private @Nullable Future<?> timer;
    private boolean over;

    private Readiness(
            EventLoop loop, InetSocketAddress to, String authority, String base, String path, IntConsumer ready) {
        this.loop = loop;
        this.to = to;
        this.authority = authority;
        this.base = base;
        this.path = path;
        this.ready = ready;
    }

    /**
     * @param base path of the server's base URL
     * @param ready gets the number of slots, 0 = it does not tell
     * @return ends the asking
     */
    public static Runnable await(
            EventLoop loop, InetSocketAddress to, String authority, String base, String path, IntConsumer ready) {
        Readiness readiness = new Readiness(loop, to, authority, base, path, ready);
        readiness.ask();
        return readiness::cancel;
    }

    private void cancel() {
        over = true;
        if (timer != null) {
            timer.cancel(false);
        }
    }

    private void ask() {
        if (over) {
            return;
        }
        SmallGet.send(loop, to, authority, base + path, null, TIMEOUT_MILLIS, new SmallGet.Answer() {
            @Override
            public void answered(int status, byte[] body) {
                if (status == 200) {
                    askForSlots();
                } else {
                    again();
                }
            }

            @Override
            public void failed(String reason) {
                again();
            }
        });
    }

    private void again() {
        long since = System.nanoTime() - startedAt;
        long millis = since < FAST_NANOS ? 5 : since < MIDDLE_NANOS ? 20 : 100;
        if (!over) {
            timer = loop.schedule(this::ask, millis, TimeUnit.MILLISECONDS);
        }
    }

    private void askForSlots() {
        if (over) {
            return;
        }
        SmallGet.send(loop, to, authority, base + "/props", null, TIMEOUT_MILLIS, new SmallGet.Answer() {
            @Override
            public void answered(int status, byte[] body) {
                tell(status == 200 ? Props.totalSlots(body) : 0);
            }

            @Override
            public void failed(String reason) {
                tell(0);
            }
        });
    }

    private void tell(int slots) {
        if (!over) {
            over = true;
            ready.accept(slots);
        }
    }
}
