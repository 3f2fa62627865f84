// SPDX-License-Identifier: MIT
package io.goinfer.proxy.model.process;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;

/** The last 256 KiB that a model's processes wrote, and who listens to what comes. Thread-safe. */
public final class LogRing {
    private static final int CAPACITY = 256 << 10;

    private final byte[] ring = new byte[CAPACITY];
    private final List<Consumer<byte[]>> listeners = new CopyOnWriteArrayList<>();
    private long written;

    /** Copies. */
    public void append(byte[] bytes, int offset, int length) {
        byte[] copy = java.util.Arrays.copyOfRange(bytes, offset, offset + length);
        synchronized (this) {
            for (byte b : copy) {
                ring[(int) (written++ % CAPACITY)] = b;
            }
        }
        listeners.forEach(listener -> listener.accept(copy));
    }

    /** One line of goinfer's own. */
    public void note(String line) {
        byte[] bytes = ("goinfer: " + line + "\n").getBytes(StandardCharsets.UTF_8);
        append(bytes, 0, bytes.length);
    }

    public synchronized byte[] bytes() {
        int kept = (int) Math.min(written, CAPACITY);
        byte[] all = new byte[kept];
        for (int i = 0; i < kept; i++) {
            all[i] = ring[(int) ((written - kept + i) % CAPACITY)];
        }
        return all;
    }

    /** The last lines, for an error. */
    public String lastLines(int count) {
        String[] lines = new String(bytes(), StandardCharsets.UTF_8).strip().split("\n");
        int from = Math.max(0, lines.length - count);
        return String.join("\n", List.of(lines).subList(from, lines.length));
    }

    /** What comes from now on, on the thread that reads the process; must not block. Run the result to end it. */
    public Runnable listen(Consumer<byte[]> listener) {
        listeners.add(listener);
        return () -> listeners.remove(listener);
    }
}
