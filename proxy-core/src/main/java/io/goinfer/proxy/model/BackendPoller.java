// SPDX-License-Identifier: MIT
package io.goinfer.proxy.model;

import io.goinfer.proxy.net.EventLoops;
import io.goinfer.proxy.upstream.HttpUpstream;
import io.goinfer.proxy.upstream.SmallGet;
import io.netty.channel.EventLoop;
import io.netty.util.concurrent.Future;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Follows one server that already runs: its /v1/models every 5 s, at once after a failed connection, gone after three failures. Confined to its loop;
 * {@link #there()} and {@link #upstream()} may be read anywhere.
 */
public final class BackendPoller implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(BackendPoller.class);
    private static final long EVERY_MILLIS = 5_000;
    private static final long TIMEOUT_MILLIS = 4_000;
    private static final int FAILURES_TO_BE_GONE = 3;
    private static final Duration CONNECT_TIMEOUT = Duration.ofSeconds(5);

    /** Told on the poller's loop when something changed. */
    public interface Listener {
        void changed(List<ModelInfo> models, boolean there);
    }

    private final String name;
    private final URI url;
    private final @Nullable String key;
    private final int configuredSlots;
    private final BackendQueue queue;
    private final EventLoops loops;
    private final EventLoop loop;
    private final Listener listener;
    private volatile @Nullable InetSocketAddress address;
    private volatile boolean there;
    private List<ModelInfo> models = List.of();
    private boolean known;
    private int failures;
    private int attempt;
    private @Nullable Future<?> timer;
    private boolean closed;

    /**
     * @param slots requests that it runs at once where it does not tell, 0 = no limit
     * @param queueLimit requests that may wait
     */
    public BackendPoller(
            String name,
            URI url,
            @Nullable String key,
            int slots,
            int queueLimit,
            EventLoops loops,
            Listener listener) {
        this.name = name;
        this.url = url;
        this.key = key;
        this.configuredSlots = slots;
        this.loops = loops;
        this.loop = loops.next();
        this.listener = listener;
        this.queue = new BackendQueue(
                new HttpUpstream.Target(
                        () -> address,
                        url.getHost() + ":" + url.getPort(),
                        "",
                        key,
                        () -> there,
                        this::pollSoon,
                        CONNECT_TIMEOUT,
                        Duration.ZERO),
                queueLimit,
                loop);
    }

    public String name() {
        return name;
    }

    public boolean there() {
        return there;
    }

    /** Who may send a request there. */
    public BackendQueue queue() {
        return queue;
    }

    public void start() {
        loop.execute(this::poll);
    }

    @Override
    public void close() {
        loop.execute(() -> {
            closed = true;
            if (timer != null) {
                timer.cancel(false);
            }
        });
    }

    /** A connection failed: look at once. */
    private void pollSoon() {
        loop.execute(() -> {
            if (timer != null && timer.cancel(false)) {
                poll();
            }
        });
    }

    private void poll() {
        if (closed) {
            return;
        }
        int mine = ++attempt;
        timer = null;
        loops.blocking().execute(() -> {
            InetSocketAddress resolved;
            try {
                resolved = new InetSocketAddress(InetAddress.getByName(url.getHost()), url.getPort());
            } catch (UnknownHostException e) {
                loop.execute(() -> failed(mine, "its name does not resolve"));
                return;
            }
            address = resolved;
            loop.execute(() -> request(mine, resolved));
        });
    }

    private void request(int mine, InetSocketAddress to) {
        SmallGet.send(
                loop,
                to,
                url.getHost() + ":" + url.getPort(),
                "/v1/models",
                key,
                TIMEOUT_MILLIS,
                new SmallGet.Answer() {
                    @Override
                    public void answered(int status, byte[] body) {
                        if (status != 200) {
                            BackendPoller.this.failed(mine, "/v1/models answers " + status);
                            return;
                        }
                        try {
                            BackendPoller.this.answered(
                                    mine, ModelsJson.read(body).models());
                        } catch (IOException e) {
                            BackendPoller.this.failed(mine, "/v1/models is not a list of models");
                        }
                    }

                    @Override
                    public void failed(String reason) {
                        BackendPoller.this.failed(mine, reason);
                    }
                });
    }

    private void answered(int mine, List<ModelInfo> now) {
        if (mine != attempt || closed) {
            return;
        }
        again(EVERY_MILLIS);
        failures = 0;
        boolean changed = !there || !models.equals(now);
        if (!there) {
            LOG.info("backend {}: {} models", name, now.size());
            askForSlots();
        }
        there = true;
        known = true;
        models = now;
        if (changed) {
            listener.changed(now, true);
        }
    }

    /** A llama-server tells how many requests it runs at once; others do not have the path. */
    private void askForSlots() {
        InetSocketAddress to = address;
        if (to == null) {
            return;
        }
        String authority = url.getHost() + ":" + url.getPort();
        SmallGet.send(loop, to, authority, "/props", key, TIMEOUT_MILLIS, new SmallGet.Answer() {
            @Override
            public void answered(int status, byte[] body) {
                int slots = status == 200 ? Props.totalSlots(body) : 0;
                LOG.debug("backend {}: /props {}, {} slots", name, status, slots);
                queue.server(slots > 0, slots > 0 ? slots : configuredSlots);
            }

            @Override
            public void failed(String reason) {
                queue.server(false, configuredSlots);
            }
        });
    }

    private void failed(int mine, String reason) {
        if (mine != attempt || closed) {
            return;
        }
        failures++;
        // At once after the first failure, then slower, never slower than the usual poll.
        again(Math.min(EVERY_MILLIS, 250L << Math.min(failures - 1, 5)));
        if (failures == 1 && !known) {
            LOG.warn("backend {}: {}; it will be polled", name, reason);
        }
        if (failures == FAILURES_TO_BE_GONE && there) {
            LOG.warn("backend {} is gone: {}", name, reason);
            there = false;
            listener.changed(models, false);
        }
    }

    private void again(long millis) {
        attempt++;
        if (timer != null) {
            timer.cancel(false);
        }
        timer = loop.schedule(this::poll, millis, TimeUnit.MILLISECONDS);
    }
}
