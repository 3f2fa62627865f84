// SPDX-License-Identifier: MIT
package io.goinfer.bench;

import io.goinfer.tunnel.wire.Writes;
import io.netty.bootstrap.Bootstrap;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioSocketChannel;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import org.HdrHistogram.Histogram;

/** Streams from one address, loopback only, on one event loop of its own. Reads bytes, not objects, so that the tool stays small beside what it measures. */
public final class LoadDriver implements AutoCloseable {
    private static final long MAX_NANOS = TimeUnit.MINUTES.toNanos(5);

    private final EventLoopGroup group = new MultiThreadIoEventLoopGroup(
            1, Epoll.isAvailable() ? EpollIoHandler.newFactory() : NioIoHandler.newFactory());

    private volatile StreamReader[] running = {};

    /** @param key API key, or "" */
    public record Target(int port, String key, String model) {
        String request(Load load) {
            String body = "{\"model\":\"" + model + "\",\"stream\":true,\"sim_rate\":" + load.rate()
                    + ",\"max_tokens\":" + load.tokens() + ",\"messages\":[{\"role\":\"user\",\"content\":\"hello\"}]}";
            return "POST /v1/chat/completions HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
                    + (key.isEmpty() ? "" : "Authorization: Bearer " + key + "\r\n")
                    + "Connection: close\r\nContent-Length: " + body.length() + "\r\n\r\n" + body;
        }
    }

    /** Blocks until every stream has ended or the patience is over; streams that did not end count as errors. */
    public LoadResult run(Target target, Load load) throws InterruptedException {
        Histogram first = new Histogram(MAX_NANOS, 3);
        Histogram delay = new Histogram(MAX_NANOS, 3);
        CountDownLatch left = new CountDownLatch(load.streams());
        StreamReader[] readers = new StreamReader[load.streams()];
        running = readers;
        byte[] request = target.request(load).getBytes(StandardCharsets.UTF_8);
        long start = System.nanoTime();
        boolean sequence = load.starts() == 0;
        for (int i = 0; i < load.streams(); i++) {
            int next = i + 1;
            StreamReader reader = new StreamReader(first, delay, () -> {
                left.countDown();
                if (sequence && next < readers.length) {
                    open(target, request, readers[next]);
                }
            });
            readers[i] = reader;
        }
        if (sequence) {
            group.next().execute(() -> open(target, request, readers[0]));
        }
        for (int i = 0; i < load.streams() && !sequence; i++) {
            StreamReader reader = readers[i];
            long at = (long) (i / load.starts() * 1e9);
            group.next()
                    .schedule(
                            () -> open(target, request, reader),
                            Math.max(0, start + at - System.nanoTime()),
                            TimeUnit.NANOSECONDS)
                    .addListener(done -> {});
        }
        boolean all = left.await(load.patience().toMillis(), TimeUnit.MILLISECONDS);
        double seconds = (System.nanoTime() - start) / 1e9;
        running = new StreamReader[0];
        return group.next()
                .submit(() -> {
                    long events = 0;
                    long errors = 0;
                    int damaged = 0;
                    long silence = 0;
                    long sinceMark = 0;
                    Map<String, Integer> problems = new TreeMap<>();
                    for (StreamReader reader : readers) {
                        events += reader.events();
                        silence = Math.max(silence, reader.longestSilence());
                        sinceMark = Math.max(sinceMark, reader.sinceMark());
                        damaged += reader.complete() && !reader.intact(load.tokens()) ? 1 : 0;
                        if (!reader.complete()) {
                            errors++;
                            problems.merge(reader.problem(), 1, Integer::sum);
                        }
                        if (!all) {
                            reader.abandon();
                        }
                    }
                    return new LoadResult(first, delay, events, errors, seconds, damaged, silence, sinceMark, problems);
                })
                .syncUninterruptibly()
                .getNow();
    }

    /** {@link #run} on another thread. */
    public CompletableFuture<LoadResult> start(Target target, Load load) {
        return CompletableFuture.supplyAsync(
                () -> {
                    try {
                        return run(target, load);
                    } catch (InterruptedException e) {
                        Thread.currentThread().interrupt();
                        throw new IllegalStateException(e);
                    }
                },
                OWN_THREAD);
    }

    /** The common pool of two processors would run one load after the other (since JDK 25). */
    private static final Executor OWN_THREAD = task -> new Thread(task, "load").start();

    /** While {@link #run} is on, from another thread: how many streams have had an event, or have ended. */
    public int begun() {
        StreamReader[] readers = running;
        return onLoop(() -> (int) Arrays.stream(readers)
                .filter(reader -> reader != null && (reader.events() > 0 || reader.ended()))
                .count());
    }

    /** While {@link #run} is on, from another thread: how long until every stream moves again? */
    public void mark() {
        StreamReader[] readers = running;
        long now = System.nanoTime();
        onLoop(() -> {
            for (StreamReader reader : readers) {
                if (reader != null) {
                    reader.mark(now);
                }
            }
            return readers.length;
        });
    }

    private <T> T onLoop(Callable<T> work) {
        return group.next().submit(work).syncUninterruptibly().getNow();
    }

    private void open(Target target, byte[] request, StreamReader reader) {
        new Bootstrap()
                .group(group)
                .channel(Epoll.isAvailable() ? EpollSocketChannel.class : NioSocketChannel.class)
                .option(ChannelOption.TCP_NODELAY, true)
                .handler(new ChannelInitializer<>() {
                    @Override
                    protected void initChannel(Channel ch) {
                        ch.pipeline().addLast(reader);
                    }
                })
                .connect(new InetSocketAddress("127.0.0.1", target.port()))
                .addListener(connected -> {
                    if (connected.isSuccess()) {
                        reader.sending();
                        Writes.flush(
                                ((io.netty.channel.ChannelFuture) connected).channel(),
                                Unpooled.wrappedBuffer(request));
                    } else {
                        reader.finished();
                    }
                });
    }

    @Override
    public void close() {
        group.shutdownGracefully(0, 1, TimeUnit.SECONDS).syncUninterruptibly();
    }
}
