// SPDX-License-Identifier: MIT
package io.goinfer.tunnel.quic;

import io.netty.buffer.ByteBuf;

/** Variable-length integers of RFC 9000 §16. */
final class Varint {
    private Varint() {}

    /** @param value below 2^62 */
    static void write(ByteBuf out, long value) {
        if (value < 1 << 6) {
            out.writeByte((int) value);
        } else if (value < 1 << 14) {
            out.writeShort((int) value | 0x4000);
        } else if (value < 1 << 30) {
            out.writeInt((int) value | 0x80000000);
        } else {
            out.writeLong(value | 0xc000000000000000L);
        }
    }

    /** How many bytes the one takes that begins at {@code index}. */
    static int size(ByteBuf in, int index) {
        return 1 << ((in.getByte(index) & 0xff) >>> 6);
    }

    /** Reads it off; -1, and nothing is read, while it is incomplete. */
    static long read(ByteBuf in) {
        int at = in.readerIndex();
        if (!in.isReadable() || !in.isReadable(size(in, at))) {
            return -1;
        }
        int bytes = size(in, at);
        long value = in.getByte(at) & 0x3f;
        for (int i = 1; i < bytes; i++) {
            value = value << 8 | in.getByte(at + i) & 0xff;
        }
        in.skipBytes(bytes);
        return value;
    }
}
