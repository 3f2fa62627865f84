// SPDX-License-Identifier: MIT
package io.goinfer.tunnel.quic;

import io.goinfer.tunnel.frame.Code;
import io.goinfer.tunnel.frame.Frame;
import io.goinfer.tunnel.frame.FrameDecoder;
import io.goinfer.tunnel.frame.FrameEncoder;
import io.goinfer.tunnel.frame.FrameException;
import io.goinfer.tunnel.frame.FrameType;
import io.goinfer.tunnel.wire.BulkMeter;
import io.goinfer.tunnel.wire.WireStream;
import io.goinfer.tunnel.wire.Writes;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.socket.ChannelInputShutdownReadComplete;
import io.netty.channel.socket.ChannelOutputShutdownException;
import io.netty.handler.codec.quic.DefaultQuicStreamFrame;
import io.netty.handler.codec.quic.QuicStreamChannel;
import io.netty.handler.codec.quic.QuicStreamFrame;
import io.netty.handler.codec.quic.QuicStreamPriority;
import io.netty.handler.codec.quic.QuicStreamResetException;
import io.netty.util.ReferenceCountUtil;
import java.io.IOException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One exchange stream. On the node it checks the signal and the session id before frames (PROTOCOL.md §2). What is sent leaves at the end of the
 * loop's turn. Confined to its loop.
 */
final class ExchangeStream extends ChannelInboundHandlerAdapter implements WireStream, FlushQueue.Stream {
    private static final Logger LOG = LoggerFactory.getLogger(ExchangeStream.class);

    /** What may arrive before HELLO_OK was seen. */
    private static final int MAX_HELD = 64 << 10;

    /** What takes the room of many tokens when it is written at once. */
    private static final int MUCH = 4 << 10;

    /** What may wait for the end of the loop's turn. */
    private static final int MAX_OUTGOING = 64 << 10;

    private final QuicWire wire;
    private final FrameDecoder decoder;
    private WireStream.@Nullable Events events;
    private @Nullable QuicStreamChannel channel;
    private @Nullable ByteBuf preface;
    private @Nullable ByteBuf outgoing;
    private final BulkMeter meter = new BulkMeter(System.nanoTime());
    private @Nullable QuicStreamPriority priority;
    private long granted;
    private boolean wasFull;
    private boolean wrote;
    private boolean blocked;
    private boolean bulk;
    private boolean ended;
    private boolean finSent;
    private boolean cancelled;

    /** Node: the signal was read off. */
    private boolean announced;

    /** Node: the other side's end came before there was somebody to tell. */
    private boolean finishHeld;

    ExchangeStream(QuicWire wire, boolean relay) {
        this.wire = wire;
        this.decoder = new FrameDecoder(FrameType.Scope.EXCHANGE, wire.alloc());
        if (relay) {
            // RFC 9000 §16: the session id takes eight bytes whatever its value.
            outgoing().writeInt(H3.SIGNAL).writeLong(wire.sessionId() | 0xc000000000000000L);
        }
    }

    /** From now on frames are delivered. */
    void deliverTo(WireStream.Events receiver) {
        events = receiver;
        ByteBuf held = preface;
        if (held != null) {
            preface = null;
            read(held);
        }
        if (finishHeld) {
            finishHeld = false;
            onFinish();
        }
    }

    private void onFinish() {
        if (events == null) {
            finishHeld = true;
        } else if (!cancelled) {
            events.onFinish();
            events.onReadComplete();
        }
    }

    // ---- our direction

    @Override
    public void send(Frame.Exchange frame) {
        if (ended || cancelled) {
            Frame.release(frame);
            return;
        }
        if (LOG.isTraceEnabled()) {
            LOG.trace(">> {} {} {}", wire.remoteAddress(), id(), frame);
        }
        FrameEncoder.encode(frame, outgoing());
        wire.flushSoon(this);
    }

    @Override
    public void copy(long offset, ByteBuf content) {
        if (channel != null && !ended && !cancelled && !meter.isBulk()) {
            wire.copies().later(id(), offset, content);
        }
    }

    @Override
    public void finish() {
        if (!ended && !cancelled) {
            ended = true;
            LOG.trace(">> {} {} FIN", wire.remoteAddress(), id());
            wire.flushSoon(this);
        }
    }

    private ByteBuf outgoing() {
        if (outgoing == null) {
            outgoing = wire.alloc().directBuffer(512);
        }
        return outgoing;
    }

    /**
     * Writes what was sent in this turn of the loop as one: every write to Netty's QUIC is a packet. Never called from within a read: a FIN that is
     * written there, with the other side's FIN in the same batch, never leaves.
     */
    @Override
    public void flush() {
        QuicStreamChannel open = channel;
        if (open == null || cancelled) {
            return;
        }
        ByteBuf bytes = next(open);
        wrote = bytes != null;
        if (bytes != null) {
            int size = bytes.readableBytes();
            prioritise(open, meter.sent(size, System.nanoTime()) ? Priorities.BULK : Priorities.TOKENS);
            bulk(meter.isBulk() || size > MUCH);
        }
        boolean fin = ended && !finSent && outgoing == null;
        finSent |= fin;
        if (fin) {
            Writes.write(open, new DefaultQuicStreamFrame(bytes == null ? Unpooled.EMPTY_BUFFER : bytes, true));
        } else if (bytes != null) {
            Writes.write(open, bytes);
        }
        bulk(meter.isBulk() || bulk && !open.isWritable());
        if (wasFull && hasSpace() && open.isWritable()) {
            wasFull = false;
            if (events != null) {
                events.onWritable();
            }
        }
    }

    /** What may leave now; of bulk as much as keeps the path's queue short. */
    private @Nullable ByteBuf next(QuicStreamChannel open) {
        ByteBuf all = outgoing;
        if (all == null || !meter.isBulk() && all.readableBytes() <= MUCH) {
            outgoing = null;
            return all;
        }
        int room = wire.bulkRoom(open.bytesBeforeUnwritable(), granted, all.readableBytes());
        if (room > 0) {
            granted = wire.bulkGranted();
        }
        if (room == all.readableBytes()) {
            outgoing = null;
            return all;
        }
        wire.flushWhenRead(this, room > 0);
        if (room == 0) {
            return null;
        }
        ByteBuf piece = wire.alloc().directBuffer(room).writeBytes(all, room);
        all.discardSomeReadBytes();
        return piece;
    }

    @Override
    public boolean hasRoom() {
        QuicStreamChannel open = channel;
        return open == null || cancelled || finSent || !wrote || open.bytesBeforeUnwritable() >= H3.UDP_PAYLOAD;
    }

    private void prioritise(QuicStreamChannel open, QuicStreamPriority wanted) {
        if (priority != wanted) {
            priority = wanted;
            open.updatePriority(wanted).addListener(done -> {});
        }
    }

    @Override
    public void cancel(Code code) {
        if (cancelled) {
            return;
        }
        cancelled = true;
        decoder.close();
        dropOutgoing();
        if (channel != null) {
            QuicStreamChannel open = channel;
            if (!open.isInputShutdown()) {
                open.shutdownInput(code.quicCode(), open.newPromise()).addListener(done -> {});
            }
            if (!finSent) {
                open.shutdownOutput(code.quicCode(), open.newPromise()).addListener(done -> {});
            }
            // Netty closes a stream when both ends sent FIN; one that was reset stays open for ever, and counts.
            Writes.close(open);
        }
    }

    private void dropOutgoing() {
        if (outgoing != null) {
            outgoing.release();
            outgoing = null;
        }
    }

    @Override
    public void stopReading(Code code) {
        if (!cancelled && channel != null && !channel.isInputShutdown()) {
            channel.shutdownInput(code.quicCode(), channel.newPromise()).addListener(done -> {});
        }
    }

    @Override
    public boolean isWritable() {
        boolean writable = hasSpace() && (channel == null || channel.isWritable());
        wasFull |= !writable;
        return writable;
    }

    private boolean hasSpace() {
        return outgoing == null || outgoing.readableBytes() < MAX_OUTGOING;
    }

    // ---- events of the channel

    @Override
    public void handlerAdded(ChannelHandlerContext ctx) {
        channel = (QuicStreamChannel) ctx.channel();
        if (cancelled) {
            cancelled = false;
            cancel(Code.CANCELLED);
        } else {
            wire.copies().add(id(), this);
            wire.flushSoon(this);
        }
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object msg) {
        if (msg instanceof QuicStreamFrame frame) {
            read(frame.content());
        } else if (msg instanceof ByteBuf bytes) {
            read(bytes);
        } else {
            ReferenceCountUtil.release(msg);
        }
    }

    private void read(ByteBuf in) {
        if (cancelled) {
            in.release();
            return;
        }
        try {
            if (events == null) {
                hold(in);
            } else {
                decoder.read(in, this::deliver);
            }
        } catch (FrameException e) {
            broken(e);
        }
    }

    /** Takes ownership. */
    void copied(long offset, ByteBuf content) {
        if (cancelled || events == null) {
            content.release();
        } else {
            events.onCopy(offset, content);
        }
    }

    private void broken(FrameException e) {
        decoder.close();
        if (events != null) {
            events.onBroken(e);
        } else {
            cancel(e.code());
        }
    }

    /** Node: collects the signal; then what comes before HELLO_OK. */
    private void hold(ByteBuf in) {
        ByteBuf all = preface == null ? in : preface.writeBytes(in);
        if (preface == null) {
            preface = wire.alloc().buffer(Math.max(256, in.readableBytes())).writeBytes(in);
            all = preface;
        }
        in.release();
        if (all.readableBytes() > MAX_HELD) {
            throw new FrameException(Code.PROTOCOL, "over 64 KiB before HELLO_OK");
        }
        if (!announced && wire.checkPreface(all)) {
            announced = true;
            wire.onExchangeStream(this);
        }
    }

    private void deliver(Frame frame) {
        if (LOG.isTraceEnabled()) {
            LOG.trace("<< {} {} {}", wire.remoteAddress(), id(), frame);
        }
        if (events != null) {
            events.onFrame((Frame.Exchange) frame);
        }
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext ctx) {
        if (events != null) {
            events.onReadComplete();
        }
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
        LOG.trace("<< {} {} {}", wire.remoteAddress(), id(), event.getClass().getSimpleName());
        if (event == ChannelInputShutdownReadComplete.INSTANCE) {
            onFinish();
        }
    }

    @Override
    public void channelWritabilityChanged(ChannelHandlerContext ctx) {
        blocked(!ctx.channel().isWritable());
        bulk(meter.isBulk() || bulk && blocked);
        if (ctx.channel().isWritable() && events != null && !cancelled) {
            wasFull = false;
            events.onWritable();
        }
    }

    private void bulk(boolean now) {
        if (bulk != now) {
            bulk = now;
            wire.bulk(now);
        }
    }

    private void blocked(boolean now) {
        if (blocked != now) {
            blocked = now;
            wire.blocked(now);
        }
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
        if (cause instanceof IOException && !(cause instanceof QuicStreamResetException) && wire.isRelay()) {
            // A write after the node's STOP_SENDING: why it stopped comes in order, as RESET, behind the bytes that are
            // valid.
            return;
        }
        Code code = codeOf(cause);
        if (code == Code.INTERNAL && !(cause instanceof QuicStreamResetException)) {
            LOG.warn("{}: exchange stream failed", wire.remoteAddress(), cause);
        }
        if (events != null && !cancelled) {
            events.onCancel(code);
            events.onReadComplete();
        }
        cancelled = true;
        Writes.close(ctx.channel());
    }

    /**
     * Netty's failed write does not tell the code of a STOP_SENDING. Of the two reasons why a relay sends it, a cancel comes as RESET_EXCHANGE as well, so this
     * must not say more than the other: the relay wants nothing more in this session.
     */
    static Code codeOf(Throwable cause) {
        if (cause instanceof QuicStreamResetException reset) {
            return Code.ofQuic(reset.applicationProtocolCode());
        }
        if (cause instanceof ChannelOutputShutdownException) {
            return Code.MOVED;
        }
        return cause instanceof IOException ? Code.CANCELLED : Code.INTERNAL;
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
        LOG.trace("-- {} {} closed", wire.remoteAddress(), id());
        wire.copies().remove(id());
        blocked(false);
        bulk(false);
        decoder.close();
        dropOutgoing();
        if (preface != null) {
            preface.release();
            preface = null;
        }
        if (events != null && !cancelled) {
            cancelled = true;
            events.onCancel(Code.SESSION_LOST);
            events.onReadComplete();
        }
    }

    private long id() {
        return channel == null ? -1 : channel.streamId();
    }
}
