// SPDX-License-Identifier: MIT
package io.goinfer.tunnel.session;

import io.goinfer.tunnel.flow.ReceiveWindow;
import io.goinfer.tunnel.frame.Code;
import io.goinfer.tunnel.frame.FrameException;
import io.netty.buffer.ByteBuf;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The body bytes of one direction of one exchange, each delivered once and in order, whether its stream or a copy beside it brought it first (PROTOCOL.md
 * §6.11). Confined to the exchange's loop.
 */
final class Arrived {
    /** Copies held at once, each in a buffer of a KiB however small it is. */
    static final int MAX_HELD = 16;

    /** What all exchanges of a session hold. */
    static final class Budget {
        static final int MAX_HELD = 1_024;
        private int held;

        int held() {
            return held;
        }
    }

    private final ReceiveWindow window;
    private final TreeMap<Long, ByteBuf> holding = new TreeMap<>();
    private @Nullable Budget budget;

    /** Bytes that copies brought and the stream has not yet. */
    private long ahead;

    Arrived(ReceiveWindow window) {
        this.window = window;
    }

    /**
     * The stream's next bytes. Takes ownership, and passes it on to {@code user}.
     *
     * @throws FrameException FLOW_CONTROL if they go beyond what was granted
     */
    void stream(ByteBuf content, Consumer<ByteBuf> user) {
        boolean passed = false;
        try {
            int known = (int) Math.min(content.readableBytes(), ahead);
            ahead -= known;
            content.skipBytes(known);
            window.received(content.readableBytes());
            passed = content.isReadable();
        } finally {
            if (!passed) {
                content.release();
            }
        }
        if (passed) {
            user.accept(content);
            deliverHeld(user);
        }
    }

    /** Bytes that came beside the stream. Takes ownership; true if some were delivered. What may not come, or came before, is dropped. */
    boolean copy(Budget of, long offset, ByteBuf content, Consumer<ByteBuf> user) {
        long received = window.received();
        long end = offset + content.readableBytes();
        if (end <= received || end > window.limit()) {
            content.release();
            return false;
        }
        if (offset > received) {
            hold(of, offset, content);
            return false;
        }
        deliver(offset, content, user);
        deliverHeld(user);
        return true;
    }

    /**
     * The stream has ended here.
     *
     * @throws FrameException PROTOCOL if copies brought more than the stream did: the user has bytes that were none
     */
    void streamEnded() {
        if (ahead > 0) {
            throw new FrameException(Code.PROTOCOL, "copies brought " + ahead + " bytes behind the end");
        }
    }

    private void hold(Budget of, long offset, ByteBuf content) {
        if (holding.size() == MAX_HELD || of.held == Budget.MAX_HELD || holding.containsKey(offset)) {
            content.release();
        } else {
            budget = of;
            count(1);
            holding.put(offset, content);
        }
    }

    /** Whatever follows without a gap now. */
    private void deliverHeld(Consumer<ByteBuf> user) {
        while (!holding.isEmpty() && holding.firstKey() <= window.received()) {
            Map.Entry<Long, ByteBuf> first = holding.pollFirstEntry();
            count(-1);
            deliver(first.getKey(), first.getValue(), user);
        }
    }

    private void deliver(long offset, ByteBuf content, Consumer<ByteBuf> user) {
        long known = window.received() - offset;
        if (known >= content.readableBytes()) {
            content.release();
            return;
        }
        content.skipBytes((int) known);
        ahead += content.readableBytes();
        window.received(content.readableBytes());
        user.accept(content);
    }

    private void count(int change) {
        if (budget != null) {
            budget.held += change;
        }
    }

    /** The stream is left behind, or ended: the next one begins at what was received. Idempotent. */
    void clear() {
        holding.values().forEach(ByteBuf::release);
        count(-holding.size());
        holding.clear();
        // Of the session that is left, on whose loop this is called for the last time.
        budget = null;
        ahead = 0;
    }
}
