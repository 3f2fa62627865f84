// SPDX-License-Identifier: MIT
package io.goinfer.proxy.metrics;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicLong;
import java.util.zip.Deflater;
import java.util.zip.DeflaterOutputStream;
import java.util.zip.InflaterInputStream;
import org.jspecify.annotations.Nullable;

/**
 * The last requests and answers as a whole, deflated, in memory: the oldest go when they are too many bytes. What is being recorded may fill as much again
 * as what is kept. Thread-safe.
 */
public final class Captures {
    /**
     * One of them.
     *
     * @param requestHeaders,responseHeaders secrets replaced
     * @param reserved bytes that {@link #keep} gives back
     */
    public record Capture(
            String path,
            Map<String, String> requestHeaders,
            byte[] request,
            Map<String, String> responseHeaders,
            byte[] response,
            long reserved) {}

    private final long limit;
    private final Executor worker;
    private final AtomicLong recording = new AtomicLong();
    private final Map<Long, CompletableFuture<byte[]>> kept = new LinkedHashMap<>();
    private long size;

    /**
     * @param limit bytes, 0 = nothing is kept
     * @param worker deflates; may block
     */
    public Captures(long limit, Executor worker) {
        this.limit = limit;
        this.worker = worker;
    }

    /** Null: nothing is kept of this one. */
    public @Nullable Recording begin(String path) {
        return limit <= 0 ? null : Recording.of(this, path);
    }

    boolean reserve(long bytes) {
        if (recording.addAndGet(bytes) > limit) {
            recording.addAndGet(-bytes);
            return false;
        }
        return true;
    }

    void release(long bytes) {
        recording.addAndGet(-bytes);
    }

    /** Call once with what {@link Recording#end} gave. @param id of its row in {@link Activity} */
    public void keep(long id, Capture capture) {
        CompletableFuture<byte[]> packed = new CompletableFuture<>();
        synchronized (this) {
            kept.put(id, packed);
        }
        try {
            worker.execute(() -> {
                byte[] bytes = pack(capture);
                release(capture.reserved());
                packed(id, packed, bytes);
            });
        } catch (RejectedExecutionException e) {
            // The process ends, and nobody will ask.
            packed.cancel(false);
            release(capture.reserved());
        }
    }

    /** Counted and complete in one step: what is complete may be thrown out. */
    private synchronized void packed(long id, CompletableFuture<byte[]> packed, byte[] bytes) {
        packed.complete(bytes);
        if (bytes.length > limit) {
            kept.remove(id);
            return;
        }
        size += bytes.length;
        var oldest = kept.values().iterator();
        while (size > limit) {
            CompletableFuture<byte[]> next = oldest.next();
            // One that is not packed yet has not been counted.
            if (next.isDone()) {
                size -= next.join().length;
                oldest.remove();
            }
        }
    }

    /** Empty: there is none, or no longer. */
    public CompletionStage<Optional<Capture>> find(long id) {
        CompletableFuture<byte[]> packed;
        synchronized (this) {
            packed = kept.get(id);
        }
        return packed == null
                ? CompletableFuture.completedFuture(Optional.empty())
                : packed.thenApplyAsync(bytes -> Optional.of(unpack(bytes)), worker);
    }

    private static byte[] pack(Capture capture) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        Deflater fast = new Deflater(Deflater.BEST_SPEED);
        try (DataOutputStream out = new DataOutputStream(new DeflaterOutputStream(bytes, fast))) {
            write(out, capture.path());
            write(out, capture.requestHeaders());
            write(out, capture.request());
            write(out, capture.responseHeaders());
            write(out, capture.response());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } finally {
            fast.end();
        }
        return bytes.toByteArray();
    }

    private static Capture unpack(byte[] bytes) {
        try (DataInputStream in = new DataInputStream(new InflaterInputStream(new ByteArrayInputStream(bytes)))) {
            return new Capture(text(in), fields(in), body(in), fields(in), body(in), 0);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void write(DataOutputStream out, byte[] body) throws IOException {
        out.writeInt(body.length);
        out.write(body, 0, body.length);
    }

    private static byte[] body(DataInputStream in) throws IOException {
        return in.readNBytes(in.readInt());
    }

    private static void write(DataOutputStream out, String text) throws IOException {
        write(out, text.getBytes(StandardCharsets.UTF_8));
    }

    private static String text(DataInputStream in) throws IOException {
        return new String(body(in), StandardCharsets.UTF_8);
    }

    private static void write(DataOutputStream out, Map<String, String> fields) throws IOException {
        out.writeInt(fields.size());
        for (Map.Entry<String, String> field : fields.entrySet()) {
            write(out, field.getKey());
            write(out, field.getValue());
        }
    }

    private static Map<String, String> fields(DataInputStream in) throws IOException {
        Map<String, String> fields = new LinkedHashMap<>();
        for (int left = in.readInt(); left > 0; left--) {
            fields.put(text(in), text(in));
        }
        return fields;
    }
}
