// SPDX-License-Identifier: MIT
package io.goinfer.proxy.model.process;

import io.goinfer.proxy.net.ByteBudget;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;

/**
 * The last that a model's processes wrote, and who listens to what comes. Takes memory as it is written to, at most {@link #MOST} and within the budget of all
 * rings; the first {@link #FIRST} bytes it gets whatever the budget says. Thread-safe.
 */
public final class LogRing {
    /** Bytes that one ring keeps of a model that runs. */
    public static final int MOST = 256 << 10;

    /** Of one that has stopped: enough to see why. */
    static final int MOST_STOPPED = 16 << 10;

    static final int FIRST = 4 << 10;

    /** Of all models together, for one reader. */
    static final int MOST_HISTORY = 1 << 20;

    private final ByteBudget budget;
    private final List<Consumer<byte[]>> listeners = new CopyOnWriteArrayList<>();
    private byte[] ring = new byte[0];

    /** Of the oldest byte in the ring. */
    private int start;

    private int length;
    private boolean closed;

    /** @param budget what all rings may hold together */
    public LogRing(ByteBudget budget) {
        this.budget = budget;
    }

    /** Copies. */
    public void append(byte[] bytes, int offset, int size) {
        if (size <= 0) {
            return;
        }
        keep(bytes, offset, size);
        if (!listeners.isEmpty()) {
            byte[] copy = Arrays.copyOfRange(bytes, offset, offset + size);
            listeners.forEach(listener -> listener.accept(copy));
        }
    }

    private synchronized void keep(byte[] bytes, int offset, int size) {
        if (closed) {
            return;
        }
        grow(Math.min((long) length + size, MOST));
        int kept = Math.min(size, ring.length);
        int from = offset + size - kept;
        int end = (start + length) % ring.length;
        int first = Math.min(kept, ring.length - end);
        System.arraycopy(bytes, from, ring, end, first);
        System.arraycopy(bytes, from + first, ring, 0, kept - first);
        int over = Math.max(0, length + kept - ring.length);
        start = (start + over) % ring.length;
        length += kept - over;
    }

    private void grow(long needed) {
        int size = ring.length;
        if (size == 0) {
            budget.take(FIRST);
            size = FIRST;
        }
        while (size < needed && budget.reserve(size)) {
            size *= 2;
        }
        if (size > ring.length) {
            move(size, length);
        }
    }

    /** Into a ring of this size, the last {@code kept} bytes. */
    private void move(int size, int kept) {
        byte[] last = last(kept);
        ring = Arrays.copyOf(last, size);
        start = 0;
        length = last.length;
    }

    /** One line of goinfer's own. */
    public void note(String line) {
        byte[] bytes = ("goinfer: " + line + "\n").getBytes(StandardCharsets.UTF_8);
        append(bytes, 0, bytes.length);
    }

    /** Its model has stopped: only the end is of interest, until it starts again. */
    public synchronized void shrink() {
        if (ring.length > MOST_STOPPED) {
            budget.release(ring.length - MOST_STOPPED);
            move(MOST_STOPPED, MOST_STOPPED);
        }
    }

    /** Its model is not there any more. Keeps nothing from now on; what comes still goes to the listeners. */
    public synchronized void close() {
        budget.release(ring.length);
        ring = new byte[0];
        start = 0;
        length = 0;
        closed = true;
    }

    public synchronized boolean isClosed() {
        return closed;
    }

    public byte[] bytes() {
        return last(MOST);
    }

    /** At most so many bytes of the end. */
    public synchronized byte[] last(int most) {
        byte[] all = new byte[Math.min(most, length)];
        if (all.length > 0) {
            int from = (start + length - all.length) % ring.length;
            int first = Math.min(all.length, ring.length - from);
            System.arraycopy(ring, from, all, 0, first);
            System.arraycopy(ring, 0, all, first, all.length - first);
        }
        return all;
    }

    private synchronized boolean isEmpty() {
        return length == 0;
    }

    /** What several have, one after the other: of many only the ends. */
    public static List<byte[]> history(Collection<LogRing> rings) {
        List<LogRing> written = rings.stream().filter(ring -> !ring.isEmpty()).toList();
        int share = MOST_HISTORY / Math.max(1, written.size());
        return written.stream().map(ring -> ring.last(share)).toList();
    }

    /** The last lines, for an error. */
    public String lastLines(int count) {
        String[] lines =
                new String(last(MOST_STOPPED), StandardCharsets.UTF_8).strip().split("\n");
        int from = Math.max(0, lines.length - count);
        return String.join("\n", List.of(lines).subList(from, lines.length));
    }

    /** What comes from now on, on the thread that reads the process; must not block. Run the result to end it. */
    public Runnable listen(Consumer<byte[]> listener) {
        listeners.add(listener);
        return () -> listeners.remove(listener);
    }
}
