// SPDX-License-Identifier: MIT
package io.goinfer.tunnel.simulation;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.PooledByteBufAllocator;

/** Bytes that tell where they belong. */
final class SimBody {
    private final int base;
    private long made;
    private long seen;

    SimBody(int base) {
        this.base = base;
    }

    /** The same bytes, from the start. */
    SimBody twin() {
        return new SimBody(base);
    }

    long made() {
        return made;
    }

    long seen() {
        return seen;
    }

    ByteBuf next(int size) {
        ByteBuf bytes = PooledByteBufAllocator.DEFAULT.heapBuffer(size);
        for (int i = 0; i < size; i++) {
            bytes.writeByte(at(made++));
        }
        return bytes;
    }

    /** Gives the buffer back. */
    int check(ByteBuf bytes, String of) {
        try {
            int size = bytes.readableBytes();
            for (int i = 0; i < size; i++) {
                if (bytes.readByte() != at(seen)) {
                    throw new Violation(of + ": byte " + seen + " is not the one that was sent there");
                }
                seen++;
            }
            return size;
        } finally {
            bytes.release();
        }
    }

    private byte at(long offset) {
        return (byte) (base + offset * 7 + (offset >> 8));
    }

    /** What must never be. */
    static final class Violation extends RuntimeException {
        private static final long serialVersionUID = 1;

        Violation(String what) {
            super(what);
        }
    }
}
