// SPDX-License-Identifier: MIT
package io.goinfer.tunnel.quic;

import io.goinfer.tunnel.frame.Code;
import io.goinfer.tunnel.frame.Frame;
import io.goinfer.tunnel.frame.FrameDecoder;
import io.goinfer.tunnel.frame.FrameEncoder;
import io.goinfer.tunnel.frame.FrameException;
import io.goinfer.tunnel.frame.FrameType;
import io.goinfer.tunnel.wire.ControlQueue;
import io.goinfer.tunnel.wire.Writes;
import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.socket.ChannelInputShutdownReadComplete;
import io.netty.handler.codec.http3.DefaultHttp3DataFrame;
import io.netty.handler.codec.http3.Http3DataFrame;
import io.netty.util.ReferenceCountUtil;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The CONNECT stream once it was answered with 200: HTTP/3 DATA to control frames and back. Confined to its loop. */
final class ControlStream extends ChannelInboundHandlerAdapter {
    private static final Logger LOG = LoggerFactory.getLogger(ControlStream.class);

    private final QuicWire wire;
    private final FrameDecoder decoder;
    private final ChannelHandlerContext stream;
    private final ControlQueue queue = new ControlQueue();
    private boolean overloaded;
    private boolean closed;

    /** @param stream context of the CONNECT stream, behind Netty's HTTP/3 handlers */
    ControlStream(QuicWire wire, ChannelHandlerContext stream) {
        this.wire = wire;
        this.stream = stream;
        this.decoder = new FrameDecoder(FrameType.Scope.CONTROL, stream.alloc());
    }

    void send(Frame.Control frame) {
        if (LOG.isTraceEnabled()) {
            LOG.trace(">> {} {}", wire.remoteAddress(), frame);
        }
        if (closed || overloaded) {
            Frame.release(frame);
            return;
        }
        ByteBuf bytes = FrameEncoder.encode(frame, stream.alloc());
        if (queue.isEmpty() && stream.channel().isWritable()) {
            write(bytes);
        } else if (!queue.add(frame.type(), bytes)) {
            overloaded = true;
            queue.close();
            // Not at once: who speaks is in the middle of something.
            wire.loop()
                    .execute(() -> wire.close(
                            Code.OVERLOAD,
                            "over " + ControlQueue.MAX_BYTES + " bytes of control frames wait to be read"));
        }
    }

    private void write(ByteBuf frame) {
        Writes.flushWithPromise(stream, new DefaultHttp3DataFrame(frame));
    }

    /** Netty would keep without bound what it cannot send now: it waits here. */
    @Override
    public void channelWritabilityChanged(ChannelHandlerContext ctx) {
        while (!queue.isEmpty() && ctx.channel().isWritable()) {
            ByteBuf next = queue.poll();
            if (next != null) {
                write(next);
            }
        }
        ctx.fireChannelWritabilityChanged();
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object msg) {
        if (!(msg instanceof Http3DataFrame data)) {
            ReferenceCountUtil.release(msg);
            return;
        }
        try {
            decoder.read(data.content(), this::deliver);
        } catch (FrameException e) {
            decoder.close();
            wire.close(e.code(), e.reason());
        }
    }

    private void deliver(Frame frame) {
        if (LOG.isTraceEnabled()) {
            LOG.trace("<< {} {}", wire.remoteAddress(), frame);
        }
        wire.onControl((Frame.Control) frame);
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
        if (event == ChannelInputShutdownReadComplete.INSTANCE) {
            wire.close(Code.NO_ERROR, "the control stream ended");
        }
        ctx.fireUserEventTriggered(event);
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
        wire.close(Code.PROTOCOL, "control stream: " + cause.getMessage());
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
        closed = true;
        queue.close();
        decoder.close();
        wire.controlStreamClosed();
    }
}
