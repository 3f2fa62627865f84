// SPDX-License-Identifier: MIT
package io.goinfer.tunnel.tcp;

import io.goinfer.tunnel.frame.Code;
import io.netty.buffer.ByteBuf;
import java.nio.charset.StandardCharsets;

/** What QUIC says by its own means and TCP has to spell out: ends, cancels, why the connection closes (PROTOCOL.md §3). */
final class Mark {
    static final int FINISH = 0x30;
    static final int CANCEL = 0x31;
    static final int STOP = 0x32;
    static final int CLOSE = 0x33;

    /** Type, flags, length, stream id. */
    static final int HEADER_BYTES = 9;

    /** Largest payload of a mark. */
    static final int MAX_PAYLOAD = 4 << 10;

    private static final int MAX_REASON_BYTES = 1_000;

    private Mark() {}

    static boolean is(int number) {
        return number >= FINISH && number <= CLOSE;
    }

    static ByteBuf finish(int stream, ByteBuf out) {
        return out.writeByte(FINISH).writeByte(0).writeMedium(0).writeInt(stream);
    }

    /** CANCEL or STOP. */
    static ByteBuf code(int mark, int stream, Code code, ByteBuf out) {
        return out.writeByte(mark).writeByte(0).writeMedium(4).writeInt(stream).writeInt(code.number());
    }

    static ByteBuf close(Code code, String reason, ByteBuf out) {
        byte[] text = reason.getBytes(StandardCharsets.UTF_8);
        int size = Math.min(text.length, MAX_REASON_BYTES);
        out.writeByte(CLOSE).writeByte(0).writeMedium(6 + size).writeInt(0);
        return out.writeInt(code.number()).writeShort(size).writeBytes(text, 0, size);
    }
}
