// SPDX-License-Identifier: MIT
package io.goinfer.proxy.exchange;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.util.concurrent.Future;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Where a stream of events stands: only between two of them may something be added. While it is stalled its client gets comments, which say to every
 * proxy on the way that the response lives. Confined to the downstream's loop.
 */
final class EventBoundary {
    private static final int BLANK_LINE = '\n' << 8 | '\n';
    private static final byte[] COMMENT = ": keep-alive\n\n".getBytes(StandardCharsets.US_ASCII);
    private static final long EVERY_SECONDS = 5;

    private final Downstream down;
    private int lastTwo = BLANK_LINE;
    private @Nullable Future<?> timer;

    EventBoundary(Downstream down) {
        this.down = down;
    }

    /** These bytes went to the client. Borrows them. */
    void passed(ByteBuf content) {
        int end = content.writerIndex();
        int size = content.readableBytes();
        if (size >= 2) {
            lastTwo = content.getUnsignedShort(end - 2);
        } else if (size == 1) {
            lastTwo = lastTwo << 8 & 0xff00 | content.getUnsignedByte(end - 1);
        }
    }

    boolean isBetween() {
        return lastTwo == BLANK_LINE;
    }

    void stalled() {
        if (timer == null) {
            timer = down.loop().scheduleAtFixedRate(this::comment, EVERY_SECONDS, EVERY_SECONDS, TimeUnit.SECONDS);
        }
    }

    void goesOn() {
        if (timer != null) {
            timer.cancel(false);
            timer = null;
        }
    }

    private void comment() {
        if (isBetween() && down.isWritable()) {
            down.body(Unpooled.wrappedBuffer(COMMENT));
            down.flush();
        }
    }
}
