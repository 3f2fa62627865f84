// SPDX-License-Identifier: MIT
package io.goinfer.bench.link;

import io.goinfer.tunnel.wire.Writes;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import io.netty.util.ReferenceCountUtil;
import java.util.ArrayDeque;
import java.util.Queue;

/** One TCP connection through a {@link Link}: two sockets and what is between them. Confined to the link's loop. */
final class TcpPath {
    /** Bytes on their way in one direction before the sender is held back. */
    private static final int MAX_ON_THE_WAY = 1 << 20;

    private static final long RETRY_NANOS = 2_000_000;

    private final Link link;
    private final Half there;
    private final Half back;
    private boolean forgotten;

    TcpPath(Link link, Channel near, Channel far) {
        this.link = link;
        this.there = new Half(near, far, Link.Direction.THERE);
        this.back = new Half(far, near, Link.Direction.BACK);
        near.pipeline().addLast(there);
        far.pipeline().addLast(back);
        near.read();
        far.read();
    }

    void goOn() {
        there.drain();
        back.drain();
    }

    void forget() {
        forgotten = true;
    }

    void cut() {
        there.from.config().setOption(ChannelOption.SO_LINGER, 0);
        there.to.config().setOption(ChannelOption.SO_LINGER, 0);
        Writes.close(there.from);
        Writes.close(there.to);
    }

    private final class Half extends ChannelInboundHandlerAdapter {
        private final Channel from;
        private final Channel to;
        private final Link.Direction direction;
        private final Queue<ByteBuf> held = new ArrayDeque<>();
        private final Queue<ByteBuf> passing = new ArrayDeque<>();
        private int onTheWay;
        private boolean wantsRead;
        private boolean ended;

        Half(Channel from, Channel to, Link.Direction direction) {
            this.from = from;
            this.to = to;
            this.direction = direction;
        }

        @Override
        public void channelRead(ChannelHandlerContext ctx, Object msg) {
            if (!(msg instanceof ByteBuf bytes)) {
                ReferenceCountUtil.release(msg);
                return;
            }
            onTheWay += bytes.readableBytes();
            held.add(bytes);
            drain();
        }

        @Override
        public void channelReadComplete(ChannelHandlerContext ctx) {
            wantsRead = true;
            readMore();
        }

        private void readMore() {
            if (!wantsRead || onTheWay >= MAX_ON_THE_WAY) {
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

        void drain() {
            Pipe pipe = link.pipe(direction);
            while (!forgotten && pipe.isOpen() && !held.isEmpty()) {
                ByteBuf bytes = held.remove();
                int size = bytes.readableBytes();
                passing.add(bytes);
                link.at(pipe.stream(size, System.nanoTime()), this::arrive);
            }
            if (ended && held.isEmpty() && !forgotten) {
                link.at(pipe.stream(0, System.nanoTime()), this::end);
            }
        }

        @Override
        public void channelInactive(ChannelHandlerContext ctx) {
            ended = true;
            drain();
        }

        /** The next in order: timers of one moment fire in any. */
        private void arrive() {
            ByteBuf bytes = passing.remove();
            onTheWay -= bytes.readableBytes();
            Writes.flush(to, bytes);
            readMore();
        }

        private void end() {
            if (!passing.isEmpty()) {
                link.at(System.nanoTime() + RETRY_NANOS, this::end);
                return;
            }
            Writes.close(to);
            link.forgotten(TcpPath.this);
        }

        @Override
        public void handlerRemoved(ChannelHandlerContext ctx) {
            held.forEach(ByteBuf::release);
            held.clear();
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
            Writes.close(from);
        }
    }
}
