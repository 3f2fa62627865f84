// SPDX-License-Identifier: MIT
package io.goinfer.proxy.metrics;

import io.netty.buffer.ByteBuf;

/** The last bytes of an answer that passes, for what it says of its cost. Small, and made only when bytes come. Confined to one loop. */
public final class Tail {
    private static final int SIZE = 2 << 10;
    private static final int FIRST = 512;

    /** More is kept for a while, so that not every addition moves the rest. */
    private static final int MOST = SIZE + FIRST;

    private byte[] bytes = new byte[0];
    private int end;

    /** Borrows. */
    public void add(ByteBuf content) {
        int size = Math.min(SIZE, content.readableBytes());
        int from = content.writerIndex() - size;
        if (end + size > bytes.length && bytes.length < MOST) {
            // Most answers are small, and many begin at the same time.
            bytes = java.util.Arrays.copyOf(bytes, Math.min(MOST, Math.max(FIRST, 2 * (end + size))));
        }
        if (end + size > bytes.length) {
            int kept = Math.min(end, SIZE - size);
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
