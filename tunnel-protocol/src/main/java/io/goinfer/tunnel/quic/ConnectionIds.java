// SPDX-License-Identifier: MIT
package io.goinfer.tunnel.quic;

import io.netty.buffer.ByteBuf;
import io.netty.handler.codec.quic.QuicConnectionAddress;
import io.netty.handler.codec.quic.QuicConnectionIdGenerator;
import java.net.SocketAddress;
import java.nio.ByteBuffer;
import java.security.SecureRandom;
import java.util.HexFormat;
import org.jspecify.annotations.Nullable;

/**
 * The relay's connection ids (PROTOCOL.md §8): boot id 8 B, loop index 2 B, random 10 B. The only class that knows the layout.
 */
final class ConnectionIds implements QuicConnectionIdGenerator {
    static final int BYTES = 20;

    private final SecureRandom random = new SecureRandom();
    private final long bootId;
    private final int loopIndex;

    ConnectionIds(long bootId, int loopIndex) {
        this.bootId = bootId;
        this.loopIndex = loopIndex;
    }

    /** True if an id at {@code index} was made by this process. */
    boolean isOurs(ByteBuf in, int index) {
        return in.getLong(index) == bootId;
    }

    /** Netty shows a connection's id only as text: {@code QuicConnectionAddress{connId=HEX}}. */
    static byte @Nullable [] bytes(@Nullable SocketAddress address) {
        if (!(address instanceof QuicConnectionAddress)) {
            return null;
        }
        String text = address.toString();
        int start = text.indexOf('=') + 1;
        int end = text.indexOf('}');
        return start > 0 && end - start == 2 * BYTES ? HexFormat.of().parseHex(text, start, end) : null;
    }

    @Override
    public ByteBuffer newId(int length) {
        if (length != BYTES) {
            throw new IllegalArgumentException("connection id: " + length + " bytes (expected: 20)");
        }
        byte[] tail = new byte[10];
        random.nextBytes(tail);
        return ByteBuffer.allocate(BYTES)
                .putLong(bootId)
                .putShort((short) loopIndex)
                .put(tail)
                .flip();
    }

    @Override
    public ByteBuffer newId(ByteBuffer input, int length) {
        return newId(length);
    }

    @Override
    public int maxConnectionIdLength() {
        return BYTES;
    }

    @Override
    public boolean isIdempotent() {
        return false;
    }
}
