// SPDX-License-Identifier: MIT
package io.goinfer.proxy.testing;

import io.goinfer.tunnel.frame.Frame;
import io.goinfer.tunnel.frame.FrameDecoder;
import io.goinfer.tunnel.frame.FrameType;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * One connection of an enrolled node that sends whatever its script says and checks nothing of it. Of itself it only answers PING, so that it is not
 * suspected. Thread-safe.
 */
public abstract class ScriptedNode implements AutoCloseable {
    private static final long PATIENCE_NANOS = TimeUnit.SECONDS.toNanos(10);

    /** A frame, or a mark, of the relay. */
    public record Received(int type, int flags, long stream, byte[] payload) {
        boolean is(FrameType wanted) {
            return type == wanted.number();
        }

        /** The frame; its body bytes, if it has some, are on the heap. */
        public Frame frame() {
            FrameType known = FrameType.of(type);
            if (known == null) {
                throw new IllegalStateException("no frame: type " + type);
            }
            return FrameDecoder.decode(known, flags, Unpooled.wrappedBuffer(payload));
        }
    }

    /** A request that the relay sent here. */
    public record Asked(ScriptedNode node, long stream, Frame.Request head) {
        public Asked send(RawFrame... frames) throws IOException {
            for (RawFrame frame : frames) {
                node.send(stream, frame);
            }
            return this;
        }

        public void finish() throws IOException {
            node.finish(stream);
        }

        /** What an honest node would have answered. */
        public void answer() throws IOException {
            send(
                            RawFrame.response(200, "content-type", "text/plain"),
                            RawFrame.data("right").end())
                    .finish();
        }
    }

    private final BlockingQueue<Asked> asked = new LinkedBlockingQueue<>();
    private final List<Received> received = new ArrayList<>();
    private final CompletableFuture<String> ended = new CompletableFuture<>();
    private volatile boolean answersPings = true;
    private volatile boolean silent;

    // ---- what it says

    public abstract void send(long stream, RawFrame frame) throws IOException;

    public final void control(RawFrame... frames) throws IOException {
        for (RawFrame frame : frames) {
            send(0, frame);
        }
    }

    /** Ends our direction of a stream. */
    public abstract void finish(long stream) throws IOException;

    /** Ends both directions. */
    public abstract void cancel(long stream, long code) throws IOException;

    /** Wants nothing more of the relay's direction. */
    public abstract void stop(long stream, long code) throws IOException;

    /** Cuts the connection without a word. */
    @Override
    public abstract void close();

    public final void answersPings(boolean whether) {
        answersPings = whether;
    }

    // ---- what it hears

    protected final void heard(int type, int flags, long stream, byte[] payload) {
        Received one = new Received(type, flags, stream, payload);
        synchronized (this) {
            received.add(one);
            notifyAll();
        }
        try {
            if (one.is(FrameType.PING) && answersPings) {
                ByteBuf fields = Unpooled.wrappedBuffer(payload);
                control(RawFrame.pong(fields.readLong(), 0));
            }
        } catch (IOException e) {
            ended("SESSION_LOST");
        }
        if (one.is(FrameType.REQUEST) && !silent) {
            asked.add(new Asked(this, stream, (Frame.Request) one.frame()));
        }
    }

    /** @param why name of the code that the relay gave, {@code SESSION_LOST} if it said nothing */
    protected final void ended(String why) {
        ended.complete(why);
        synchronized (this) {
            notifyAll();
        }
    }

    /** Why the relay ended the connection. */
    public final CompletableFuture<String> ended() {
        return ended;
    }

    /** Requests that come here are never seen. */
    public final void silent() {
        silent = true;
    }

    /** The next request, or null if none comes within the time. */
    public final @Nullable Asked asked(long millis) throws InterruptedException {
        return asked.poll(millis, TimeUnit.MILLISECONDS);
    }

    /** One has come. */
    public final synchronized boolean received(FrameType type) {
        return received.stream().anyMatch(one -> one.is(type));
    }

    /** The first frame that is so, whether it came or will come. */
    public final synchronized Received await(String what, Predicate<Received> wanted) throws IOException {
        long until = System.nanoTime() + PATIENCE_NANOS;
        int seen = 0;
        while (true) {
            for (; seen < received.size(); seen++) {
                if (wanted.test(received.get(seen))) {
                    return received.get(seen);
                }
            }
            long left = until - System.nanoTime();
            if (left <= 0 || ended.isDone()) {
                throw new IOException("the relay did not send " + what
                        + (ended.isDone() ? ", it ended the session: " + ended.getNow("") : ""));
            }
            try {
                TimeUnit.NANOSECONDS.timedWait(this, Math.min(left, TimeUnit.MILLISECONDS.toNanos(200)));
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new IOException(e);
            }
        }
    }

    public final Received await(FrameType type) throws IOException {
        return await(type.name(), one -> one.is(type));
    }

    /** The relay has read all that was sent on the control stream before. */
    public final void settle(long sequence) throws IOException {
        control(RawFrame.ping(sequence, 0));
        await(
                "PONG " + sequence,
                one -> one.is(FrameType.PONG)
                        && Unpooled.wrappedBuffer(one.payload()).readLong() == sequence);
    }

    /** Says HELLO and hears HELLO_OK. */
    public final ScriptedNode greet(Greeting greeting) throws IOException {
        control(greeting.frame());
        await(FrameType.HELLO_OK);
        return this;
    }
}
