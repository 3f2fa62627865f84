// SPDX-License-Identifier: MIT
package io.goinfer.tunnel.simulation;

import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelPromise;
import io.netty.channel.EventLoop;
import io.netty.channel.EventLoopGroup;
import io.netty.util.concurrent.AbstractScheduledEventExecutor;
import io.netty.util.concurrent.Future;
import io.netty.util.concurrent.Ticker;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.TimeUnit;

/** An event loop without a thread: its tasks and timers run when the simulation says so, by the simulation's clock. */
final class SimLoop extends AbstractScheduledEventExecutor implements EventLoop {
    /** The one clock of a simulation. */
    static final class Clock implements Ticker {
        private long now = 1;

        void advance(long nanos) {
            now += nanos;
        }

        @Override
        public long initialNanoTime() {
            return 0;
        }

        @Override
        public long nanoTime() {
            return now;
        }

        @Override
        public void sleep(long delay, TimeUnit unit) {
            throw new UnsupportedOperationException("time passes by advance()");
        }
    }

    private final Clock clock;
    private final Deque<Runnable> tasks = new ArrayDeque<>();

    SimLoop(Clock clock) {
        this.clock = clock;
    }

    boolean hasTasks() {
        return !tasks.isEmpty();
    }

    void runOne() {
        tasks.remove().run();
    }

    /** Runs the timers that are due; what they execute waits as a task. */
    void runTimers() {
        for (Runnable due = pollScheduledTask(clock.nanoTime());
                due != null;
                due = pollScheduledTask(clock.nanoTime())) {
            due.run();
        }
    }

    @Override
    public void execute(Runnable task) {
        tasks.add(task);
    }

    @Override
    public Ticker ticker() {
        return clock;
    }

    @Override
    protected long getCurrentTimeNanos() {
        return clock.nanoTime();
    }

    /** All loops of a simulation share one thread. */
    @Override
    public boolean inEventLoop(Thread thread) {
        return true;
    }

    @Override
    public EventLoop next() {
        return this;
    }

    @Override
    public EventLoopGroup parent() {
        return this;
    }

    // ---- nothing is registered, and nothing shuts down

    @Override
    public ChannelFuture register(Channel channel) {
        throw new UnsupportedOperationException("wires are in memory");
    }

    @Override
    public ChannelFuture register(ChannelPromise promise) {
        throw new UnsupportedOperationException("wires are in memory");
    }

    @Override
    @Deprecated
    public ChannelFuture register(Channel channel, ChannelPromise promise) {
        throw new UnsupportedOperationException("wires are in memory");
    }

    @Override
    public boolean isShuttingDown() {
        return false;
    }

    @Override
    public Future<?> shutdownGracefully(long quietPeriod, long timeout, TimeUnit unit) {
        throw new UnsupportedOperationException("stop()");
    }

    @Override
    public Future<?> terminationFuture() {
        throw new UnsupportedOperationException("stop()");
    }

    @Override
    @Deprecated
    public void shutdown() {
        throw new UnsupportedOperationException("stop()");
    }

    @Override
    public boolean isShutdown() {
        return false;
    }

    @Override
    public boolean isTerminated() {
        return false;
    }

    @Override
    public boolean awaitTermination(long timeout, TimeUnit unit) {
        return false;
    }
}
