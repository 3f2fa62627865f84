// SPDX-License-Identifier: MIT
package io.goinfer.tunnel.quic;

import io.goinfer.tunnel.frame.Id;
import io.goinfer.tunnel.wire.Writes;
import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.socket.DatagramPacket;
import java.security.MessageDigest;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** Both ends of the boot notice (PROTOCOL.md §8). They stand in front of the QUIC codec, on its datagram channel's loop. */
final class BootNotice {
    private static final int BYTES = 1 + 4 + Id.BYTES;
    private static final int SHORT_HEADER = 0x40;
    private static final int LONG_HEADER_BIT = 0x80;

    private BootNotice() {}

    /** Relay: answers short-header packets of another process's connections. */
    static final class Teller extends ChannelInboundHandlerAdapter {
        private static final int PER_SECOND = 100;

        private final ConnectionIds ids;
        private final BootKey key;
        private long second;
        private int told;

        Teller(ConnectionIds ids, BootKey key) {
            this.ids = ids;
            this.key = key;
        }

        @Override
        public void channelRead(ChannelHandlerContext ctx, Object msg) {
            if (msg instanceof DatagramPacket packet && isOfAnotherProcess(packet.content()) && mayTell()) {
                tell(ctx, packet);
            }
            ctx.fireChannelRead(msg);
        }

        /** The answer must be smaller than what caused it, or two relays could answer each other for ever. */
        private boolean isOfAnotherProcess(ByteBuf in) {
            int at = in.readerIndex();
            return in.readableBytes() > BYTES + 1
                    && in.readableBytes() > ConnectionIds.BYTES
                    && (in.getByte(at) & LONG_HEADER_BIT) == 0
                    && !ids.isOurs(in, at + 1);
        }

        private boolean mayTell() {
            long now = TimeUnit.NANOSECONDS.toSeconds(System.nanoTime());
            if (now != second) {
                second = now;
                told = 0;
            }
            return ++told <= PER_SECOND;
        }

        private void tell(ChannelHandlerContext ctx, DatagramPacket packet) {
            byte[] id = new byte[ConnectionIds.BYTES];
            packet.content().getBytes(packet.content().readerIndex() + 1, id);
            ByteBuf out = ctx.alloc().directBuffer(BYTES);
            out.writeByte(SHORT_HEADER).writeInt(ThreadLocalRandom.current().nextInt());
            out.writeBytes(key.token(id).bytes());
            Writes.flush(ctx, new DatagramPacket(out, packet.sender()));
        }
    }

    /** Node: runs what was registered for the token of a boot notice. */
    static final class Listener extends ChannelInboundHandlerAdapter {
        private final Map<Id, Runnable> sessions = new HashMap<>();
        private @Nullable Runnable anything;

        /** Runs it for each datagram; null: no longer. */
        void onAnything(@Nullable Runnable run) {
            anything = run;
        }

        void expect(Id token, Runnable rebooted) {
            sessions.put(token, rebooted);
        }

        void forget(Id token) {
            sessions.remove(token);
        }

        @Override
        public void channelRead(ChannelHandlerContext ctx, Object msg) {
            if (msg instanceof DatagramPacket packet && packet.content().readableBytes() == BYTES) {
                byte[] tail = new byte[Id.BYTES];
                packet.content().getBytes(packet.content().readerIndex() + BYTES - Id.BYTES, tail);
                for (Map.Entry<Id, Runnable> session : Map.copyOf(sessions).entrySet()) {
                    if (MessageDigest.isEqual(session.getKey().bytes(), tail)) {
                        session.getValue().run();
                    }
                }
            }
            if (anything != null) {
                anything.run();
            }
            ctx.fireChannelRead(msg);
        }
    }
}
