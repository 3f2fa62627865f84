// SPDX-License-Identifier: MIT
package io.goinfer.proxy.model;

import io.goinfer.proxy.config.swap.SwapConfig.Filters;
import io.goinfer.proxy.upstream.HttpUpstream;
import io.goinfer.proxy.upstream.Refusal;
import io.netty.channel.EventLoop;
import java.time.Duration;

/** The queue in front of a server that already runs. Its bookkeeping is on its loop. */
public final class BackendQueue implements Admission {
    private final HttpUpstream.Target target;
    private final int limit;
    private final EventLoop loop;
    private final SlotQueue slots = new SlotQueue();
    private volatile boolean llama;

    BackendQueue(HttpUpstream.Target target, int limit, EventLoop loop) {
        this.target = target;
        this.limit = limit;
        this.loop = loop;
    }

    /** What it is. On the loop. @param count requests that it runs at once, 0 = no limit */
    void server(boolean isLlama, int count) {
        llama = isLlama;
        slots.slots(count);
        fill();
    }

    @Override
    public boolean accepts() {
        return target.there().getAsBoolean();
    }

    @Override
    public boolean full() {
        return false;
    }

    @Override
    public Ticket enter(Asked asked, Waiting waiting) {
        Entry entry = new Entry(asked, waiting);
        loop.execute(() -> admit(entry));
        return entry;
    }

    private void admit(Entry entry) {
        if (entry.over) {
            return;
        }
        if (slots.waiting() >= limit) {
            entry.over = true;
            entry.waiting.refused(new Refusal(429, "rate_limit_error", "concurrency_limit", "Too many requests", 1));
            return;
        }
        entry.admitted = true;
        slots.add(entry);
        fill();
    }

    private void fill() {
        slots.fill(entry -> ((Entry) entry).grant());
    }

    private final class Entry implements SlotQueue.Entry, Ticket {
        private final Asked asked;
        private final Waiting waiting;
        private int weight;
        private boolean admitted;
        private boolean granted;
        private boolean over;

        Entry(Asked asked, Waiting waiting) {
            this.asked = asked;
            this.waiting = waiting;
        }

        private void grant() {
            granted = true;
            waiting.granted(new Grant(target, llama, Filters.NONE, asked.model()));
        }

        @Override
        public boolean inference() {
            return asked.inference();
        }

        @Override
        public int weight() {
            return weight;
        }

        @Override
        public void weigh(int count) {
            loop.execute(() -> {
                weight = Math.max(1, count);
                if (admitted && !over) {
                    fill();
                }
            });
        }

        /** Nothing is loaded or unloaded here. */
        @Override
        public void keepAlive(Duration time) {}

        @Override
        public void leave() {
            loop.execute(() -> {
                if (over) {
                    return;
                }
                over = true;
                if (admitted) {
                    if (granted) {
                        slots.done(this);
                    } else {
                        slots.remove(this);
                    }
                    fill();
                }
            });
        }
    }
}
