// SPDX-License-Identifier: MIT
package io.goinfer.tunnel.frame;

import io.netty.buffer.ByteBuf;
import java.util.HexFormat;
import java.util.random.RandomGenerator;

/** Sixteen opaque bytes: an exchange, an instance, a boot token. */
public record Id(long high, long low) {
    public static final int BYTES = 16;
    public static final Id ZERO = new Id(0, 0);

    public static Id random(RandomGenerator random) {
        return new Id(random.nextLong(), random.nextLong());
    }

    public static Id of(byte[] bytes) {
        if (bytes.length != BYTES) {
            throw new IllegalArgumentException("id: " + bytes.length + " bytes (expected: 16)");
        }
        long high = 0;
        long low = 0;
        for (int i = 0; i < 8; i++) {
            high = high << 8 | bytes[i] & 0xff;
            low = low << 8 | bytes[i + 8] & 0xff;
        }
        return new Id(high, low);
    }

    public byte[] bytes() {
        byte[] bytes = new byte[BYTES];
        for (int i = 0; i < 8; i++) {
            bytes[i] = (byte) (high >>> 56 - 8 * i);
            bytes[i + 8] = (byte) (low >>> 56 - 8 * i);
        }
        return bytes;
    }

    void write(ByteBuf out) {
        out.writeLong(high).writeLong(low);
    }

    static Id read(ByteBuf in) {
        return new Id(in.readLong(), in.readLong());
    }

    @Override
    public String toString() {
        HexFormat hex = HexFormat.of();
        return hex.toHexDigits(high) + hex.toHexDigits(low);
    }
}
