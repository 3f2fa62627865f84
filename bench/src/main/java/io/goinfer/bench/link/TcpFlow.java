// SPDX-License-Identifier: MIT
package io.goinfer.bench.link;

import io.goinfer.tunnel.wire.Writes;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.util.ReferenceCountUtil;
import java.util.ArrayDeque;
import java.util.Queue;
import org.jspecify.annotations.Nullable;

/**
 * One direction of a {@link TcpPath}: a sender with its buffer and its {@link Retransmission}, the line, a receiver. Owns the bytes from their read to their
 * write. Confined to the link's loop.
 */
final class TcpFlow extends ChannelInboundHandlerAdapter {
    /** Bytes on their way before the sender is held back. */
    private static final int MAX_ON_THE_WAY = 1 << 20;

    /** The same while nothing is acknowledged: a socket's buffer as Linux has it for a stream of tokens. */
    private static final int MAX_UNACKNOWLEDGED = 128 << 10;

    /** What leaves without an acknowledgement (RFC 6928). */
    private static final int INITIAL_WINDOW = 10 * Pipe.SEGMENT_BYTES;

    private static final long RETRY_NANOS = 2_000_000;

    private final Link link;
    private final TcpPath path;
    private final Channel from;
    private final Link.Direction direction;
    private final Retransmission timer = new Retransmission();
    private final Queue<ByteBuf> held = new ArrayDeque<>();
    private final Queue<ByteBuf> passing = new ArrayDeque<>();
    private @Nullable Channel to;
    private int onTheWay;
    private long timerEnds;
    private long lastArrival;

    /** Of what is not acknowledged, what came through: only the acknowledgements were lost. */
    private int arrivedUnacknowledged;

    /** Bytes that leave in the next round trip, behind a time-out; 0: as many as there are. */
    private int window;

    private boolean wantsRead;
    private boolean ended;

    TcpFlow(Link link, TcpPath path, Channel from, Link.Direction direction) {
        this.link = link;
        this.path = path;
        this.from = from;
        this.direction = direction;
    }

    /** Until then all is held. */
    void connected(Channel receiver) {
        to = receiver;
        send();
    }

    /** The sender closed its end. */
    boolean ended() {
        return ended;
    }

    // ---- the sender

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object msg) {
        if (!(msg instanceof ByteBuf bytes) || path.isOver()) {
            ReferenceCountUtil.release(msg);
            return;
        }
        onTheWay += bytes.readableBytes();
        held.add(bytes);
        send();
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext ctx) {
        wantsRead = true;
        readMore();
    }

    private void readMore() {
        if (!wantsRead || onTheWay >= (timer.runs() ? MAX_UNACKNOWLEDGED : MAX_ON_THE_WAY)) {
            return;
        }
        long now = System.nanoTime();
        if (link.pipe(direction).isFull(now)) {
            link.at(now + RETRY_NANOS, this::readMore);
        } else {
            wantsRead = false;
            from.read();
        }
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
        ended = true;
        send();
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
        reset();
        Writes.close(from);
    }

    /** The sender's end is gone: it sends nothing once more, and the receiver hears of it. */
    void reset() {
        release(held);
        acknowledged();
        window = 0;
        send();
    }

    private void send() {
        while (!held.isEmpty() && mayLeave()) {
            pass(held.remove());
        }
        if (ended && held.isEmpty() && mayLeave()) {
            leave(0, this::end);
        }
    }

    /** Whether the next byte gets through now. If not, the timer runs. */
    private boolean mayLeave() {
        if (to == null || path.isDead() || window > 0 || timer.expired()) {
            return false;
        }
        if (link.passesBothWays()) {
            return true;
        }
        if (!timer.runs()) {
            await(timer.start(link.roundTrip()));
        }
        return link.pipe(direction).isOpen() && arrivedUnacknowledged < INITIAL_WINDOW;
    }

    private void pass(ByteBuf bytes) {
        passing.add(bytes);
        if (!link.passesBothWays()) {
            arrivedUnacknowledged += bytes.readableBytes();
        }
        leave(bytes.readableBytes(), this::arrive);
    }

    /** What was lost before the timer's first end comes a round trip after the next write: the receiver tells what is missing. */
    private void leave(int size, Runnable arrival) {
        boolean acknowledged = link.passesBothWays();
        boolean repairs = acknowledged && timer.runs() && arrivedUnacknowledged == 0;
        long at = link.pipe(direction).stream(size, System.nanoTime()) + (repairs ? link.roundTrip() : 0);
        lastArrival = Math.max(lastArrival, at);
        link.at(lastArrival, arrival);
        if (acknowledged) {
            acknowledged();
        }
    }

    private void acknowledged() {
        timer.acknowledged();
        arrivedUnacknowledged = 0;
    }

    private void await(long wait) {
        timerEnds = System.nanoTime() + wait;
        link.at(timerEnds, this::timeout);
    }

    private void timeout() {
        if (!timer.runs() || System.nanoTime() < timerEnds || path.isDead()) {
            return;
        }
        if (link.passesBothWays()) {
            acknowledged();
            window = Pipe.SEGMENT_BYTES;
            slowStart();
        } else {
            link.timedOut();
            await(timer.again());
        }
    }

    /** One segment, and twice as much in each round trip that follows. */
    private void slowStart() {
        if (path.isDead()) {
            return;
        }
        int left = link.passesBothWays() ? window : 0;
        while (left > 0 && !held.isEmpty()) {
            int head = held.element().readableBytes();
            pass(head <= left ? held.remove() : held.element().readRetainedSlice(left));
            left -= head;
        }
        if (held.isEmpty() || !link.passesBothWays()) {
            window = 0;
            send();
        } else {
            window *= 2;
            link.at(System.nanoTime() + link.roundTrip(), this::slowStart);
        }
    }

    // ---- the receiver

    /** The next in order: timers of one moment fire in any. */
    private void arrive() {
        ByteBuf bytes = passing.poll();
        if (bytes == null) {
            return;
        }
        if (to == null || !to.isActive()) {
            bytes.release();
            path.refused(direction);
            return;
        }
        int size = bytes.readableBytes();
        to.writeAndFlush(bytes).addListener(written -> {
            onTheWay -= size;
            readMore();
        });
        path.arrived(direction);
    }

    /** Data from the receiver came, and with it the acknowledgement of all that it has. */
    void answered() {
        if (arrivedUnacknowledged > 0) {
            acknowledged();
            send();
        }
    }

    private void end() {
        if (passing.isEmpty()) {
            path.close();
        } else {
            link.at(System.nanoTime() + RETRY_NANOS, this::end);
        }
    }

    /** The path is over. */
    void release() {
        release(held);
        release(passing);
    }

    private static void release(Queue<ByteBuf> bytes) {
        bytes.forEach(ByteBuf::release);
        bytes.clear();
    }
}
