// SPDX-License-Identifier: MIT
package io.goinfer.tunnel.frame;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.Unpooled;
import java.util.Arrays;

/** Any bytes, in pieces of any size: a frame, or a {@link FrameException}. The first byte chooses the scope, the second the size of the pieces. */
public final class FramesFuzz {
    private FramesFuzz() {}

    public static void fuzzerTestOneInput(byte[] data) {
        if (data.length < 2) {
            return;
        }
        FrameType.Scope scope = (data[0] & 1) == 0 ? FrameType.Scope.CONTROL : FrameType.Scope.EXCHANGE;
        int piece = 1 + (data[1] & 0xff);
        FrameDecoder decoder = new FrameDecoder(scope, ByteBufAllocator.DEFAULT);
        try {
            for (int at = 2; at < data.length; at += piece) {
                ByteBuf in = Unpooled.wrappedBuffer(Arrays.copyOfRange(data, at, Math.min(data.length, at + piece)));
                decoder.read(in, FramesFuzz::again);
            }
        } catch (FrameException e) {
            if (e.reason().isEmpty()) {
                throw new AssertionError("a refusal without a reason", e);
            }
        } finally {
            decoder.close();
        }
    }

    /** What was read can be written. */
    private static void again(Frame frame) {
        ByteBuf out = Unpooled.buffer();
        FrameEncoder.encode(frame, out);
        out.release();
    }
}
