// SPDX-License-Identifier: MIT
package io.goinfer.proxy.metrics;

import io.netty.buffer.ByteBuf;

/** The last bytes of an answer that passes, for what it says of its cost. Small, and made only when bytes come. Confined to one loop. */
public final class Tail {
    private static final int SIZE = 2 << 10;
    private static final int FIRST = 512;

    private byte[] bytes = new byte[0];
    private int end;

    /** Borrows. */
    public void add(ByteBuf content) {
        int size = Math.min(SIZE, content.readableBytes());
        int from = content.writerIndex() - size;
        if (end + size > bytes.length && bytes.length < 2 * SIZE) {
            // Most answers are small, and many begin at the same time.
            bytes = java.util.Arrays.copyOf(bytes, Math.min(2 * SIZE, Math.max(FIRST, 2 * (end + size))));
        }
        if (end + size > bytes.length) {
            // Keeps the last half: moved once in a while instead of each time.
            int kept = Math.min(end, SIZE - Math.min(SIZE, size));
            System.arraycopy(bytes, end - kept, bytes, 0, kept);
            end = kept;
        }
        content.getBytes(from, bytes, end, size);
        end += size;
    }

    public byte[] bytes() {
        return java.util.Arrays.copyOf(bytes, end);
    }
}
