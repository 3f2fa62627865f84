// SPDX-License-Identifier: MIT
package io.goinfer.proxy.http;

import io.netty.buffer.ByteBuf;

/** A chunk of a body (RFC 9112 §7.1) as one buffer: a token as three of them costs the system call that sends it more than its copy. */
final class Chunk {
    /** Larger ones are not copied. */
    static final int MOST = 2 << 10;

    private static final String HEX = "0123456789abcdef";
    private static final int FRAME = 8;
    private static final int CRLF = 0x0d0a;

    private Chunk() {}

    /** @param content is released; at least a byte, as an empty chunk ends a body */
    static ByteBuf of(ByteBuf content) {
        int size = content.readableBytes();
        ByteBuf chunk = content.alloc().ioBuffer(size + FRAME);
        for (int shift = size < 0x10 ? 0 : size < 0x100 ? 4 : 8; shift >= 0; shift -= 4) {
            chunk.writeByte(HEX.charAt(size >> shift & 0xf));
        }
        chunk.writeShort(CRLF).writeBytes(content).writeShort(CRLF);
        content.release();
        return chunk;
    }
}
