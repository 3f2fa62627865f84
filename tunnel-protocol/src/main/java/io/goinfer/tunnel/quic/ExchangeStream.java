// SPDX-License-Identifier: MIT
package io.goinfer.tunnel.quic;

import io.goinfer.tunnel.frame.Code;
import io.goinfer.tunnel.frame.Frame;
import io.goinfer.tunnel.frame.FrameDecoder;
import io.goinfer.tunnel.frame.FrameEncoder;
import io.goinfer.tunnel.frame.FrameException;
import io.goinfer.tunnel.frame.FrameType;
import io.goinfer.tunnel.wire.WireStream;
import io.goinfer.tunnel.wire.Writes;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.socket.ChannelInputShutdownReadComplete;
import io.netty.handler.codec.quic.DefaultQuicStreamFrame;
import io.netty.handler.codec.quic.QuicStreamChannel;
import io.netty.handler.codec.quic.QuicStreamFrame;
import io.netty.handler.codec.quic.QuicStreamResetException;
import io.netty.util.ReferenceCountUtil;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.Queue;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One exchange stream. On the node it checks the signal and the session id before frames (PROTOCOL.md §2). Netty's QUIC writes at once, so there is
 * nothing to flush. Confined to its loop.
 */
final class ExchangeStream extends ChannelInboundHandlerAdapter implements WireStream {
    private static final Logger LOG = LoggerFactory.getLogger(ExchangeStream.class);

    /** What may arrive before HELLO_OK was seen. */
    private static final int MAX_HELD = 64 << 10;

    private final QuicWire wire;
    private final boolean relay;
    private final FrameDecoder decoder;
    private final Queue<Frame.Exchange> beforeOpen = new ArrayDeque<>();
    private WireStream.@Nullable Events events;
    private @Nullable QuicStreamChannel channel;
    private @Nullable ByteBuf preface;
    private boolean ended;
    private boolean cancelled;

    ExchangeStream(QuicWire wire, boolean relay) {
        this.wire = wire;
        this.relay = relay;
        this.decoder = new FrameDecoder(FrameType.Scope.EXCHANGE, wire.alloc());
    }

    /** From now on frames are delivered. */
    void deliverTo(WireStream.Events receiver) {
        events = receiver;
        ByteBuf held = preface;
        if (held != null) {
            preface = null;
            read(held);
        }
    }

    // ---- our direction

    @Override
    public void send(Frame.Exchange frame) {
        QuicStreamChannel open = channel;
        if (ended || cancelled) {
            release(frame);
        } else if (open == null) {
            beforeOpen.add(frame);
        } else {
            if (LOG.isTraceEnabled()) {
                LOG.trace(">> {} {} {}", wire.remoteAddress(), open.streamId(), frame);
            }
            Writes.write(open, FrameEncoder.encode(frame, open.alloc()));
        }
    }

    @Override
    public void finish() {
        if (!ended && !cancelled) {
            ended = true;
            if (channel != null) {
                Writes.write(channel, new DefaultQuicStreamFrame(Unpooled.EMPTY_BUFFER, true));
            }
        }
    }

    @Override
    public void cancel(Code code) {
        if (cancelled) {
            return;
        }
        cancelled = true;
        decoder.close();
        beforeOpen.forEach(ExchangeStream::release);
        beforeOpen.clear();
        if (channel != null) {
            QuicStreamChannel open = channel;
            if (!open.isInputShutdown()) {
                open.shutdownInput(code.quicCode(), open.newPromise()).addListener(done -> {});
            }
            if (!ended) {
                open.shutdownOutput(code.quicCode(), open.newPromise()).addListener(done -> {});
            }
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
        return channel == null ? beforeOpen.size() < 16 : channel.isWritable();
    }

    // ---- events of the channel

    @Override
    public void handlerAdded(ChannelHandlerContext ctx) {
        channel = (QuicStreamChannel) ctx.channel();
        if (relay) {
            ByteBuf signal = ctx.alloc().directBuffer(4 + 8);
            signal.writeInt(H3.SIGNAL);
            // RFC 9000 §16: eight bytes whatever the value.
            signal.writeLong(wire.sessionId() | 0xc000000000000000L);
            Writes.write(ctx.channel(), signal);
        }
        if (cancelled) {
            cancelled = false;
            cancel(Code.CANCELLED);
            return;
        }
        boolean finish = ended;
        ended = false;
        while (!beforeOpen.isEmpty()) {
            send(beforeOpen.remove());
        }
        if (finish) {
            finish();
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
        if (!wire.checkPreface(all)) {
            return;
        }
        wire.onExchangeStream(this);
    }

    private void deliver(Frame frame) {
        if (LOG.isTraceEnabled()) {
            LOG.trace("<< {} {} {}", wire.remoteAddress(), channel == null ? -1 : channel.streamId(), frame);
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
        if (event == ChannelInputShutdownReadComplete.INSTANCE && events != null && !cancelled) {
            events.onFinish();
            events.onReadComplete();
        }
    }

    @Override
    public void channelWritabilityChanged(ChannelHandlerContext ctx) {
        if (ctx.channel().isWritable() && events != null && !cancelled) {
            events.onWritable();
        }
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
        // A write fails like this after STOP_SENDING, whose code Netty does not tell.
        Code code = cause instanceof QuicStreamResetException reset
                ? Code.ofQuic(reset.applicationProtocolCode())
                : cause instanceof IOException ? Code.CANCELLED : Code.INTERNAL;
        if (code == Code.INTERNAL) {
            LOG.warn("{}: exchange stream failed", wire.remoteAddress(), cause);
        }
        if (events != null && !cancelled) {
            events.onCancel(code);
            events.onReadComplete();
        }
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
        decoder.close();
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

    private static void release(Frame.Exchange frame) {
        if (frame instanceof Frame.Data data) {
            data.content().release();
        }
    }
}
