// SPDX-License-Identifier: MIT
package io.goinfer.tunnel.tcp;

import io.goinfer.tunnel.frame.Code;
import io.goinfer.tunnel.frame.Frame;
import io.goinfer.tunnel.frame.FrameDecoder;
import io.goinfer.tunnel.frame.FrameException;
import io.goinfer.tunnel.frame.FrameType;
import io.goinfer.tunnel.frame.Text;
import io.goinfer.tunnel.wire.Writes;
import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.codec.ByteToMessageDecoder;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Bytes of the connection to frames and marks of their streams, limits first (PROTOCOL.md §3, §4); its other events to the wire. What breaks one stream is
 * skipped; what breaks the framing ends the connection. Confined to the channel's loop.
 */
final class TcpFrames extends ByteToMessageDecoder {
    private static final Logger LOG = LoggerFactory.getLogger(TcpFrames.class);
    private static final int OPTIONAL = 0x80;

    private final TcpWire wire;
    private int skip;
    private String lost = "the connection was lost";

    TcpFrames(TcpWire wire) {
        this.wire = wire;
    }

    @Override
    protected void decode(ChannelHandlerContext ctx, ByteBuf in, List<Object> out) {
        try {
            while (wire.isOpen() && next(in)) {}
            if (!wire.isOpen()) {
                in.skipBytes(in.readableBytes());
            }
        } catch (FrameException e) {
            in.skipBytes(in.readableBytes());
            LOG.warn("{}: {}", wire.remoteAddress(), e.getMessage());
            wire.close(e.code(), e.reason());
        }
    }

    /** False until more bytes are there. */
    private boolean next(ByteBuf in) {
        if (skip > 0) {
            int step = Math.min(skip, in.readableBytes());
            in.skipBytes(step);
            skip -= step;
        }
        if (in.readableBytes() < Mark.HEADER_BYTES) {
            return false;
        }
        int at = in.readerIndex();
        int number = in.getUnsignedByte(at);
        int flags = in.getUnsignedByte(at + 1);
        int length = in.getUnsignedMedium(at + 2);
        int stream = in.getInt(at + 5);
        if (Mark.is(number)) {
            return mark(in, number, length, stream);
        }
        FrameType type = FrameType.of(number);
        FrameException problem = problem(type, number, flags, length, stream);
        if (type == null || problem != null) {
            in.skipBytes(Mark.HEADER_BYTES);
            skip = length;
            if (problem != null) {
                broken(stream, problem);
            }
            return true;
        }
        if (in.readableBytes() < Mark.HEADER_BYTES + length) {
            return false;
        }
        in.skipBytes(Mark.HEADER_BYTES);
        deliver(type, flags, in.readSlice(length), stream);
        return true;
    }

    /** What can be wrong before the payload is there; null: nothing, or an optional frame that is skipped. */
    private static @Nullable FrameException problem(
            @Nullable FrameType type, int number, int flags, int length, int stream) {
        if (type == null) {
            boolean skipped = (flags & OPTIONAL) != 0 && length <= FrameType.MAX_UNKNOWN_PAYLOAD;
            return skipped ? null : new FrameException(Code.PROTOCOL, "unknown frame type: " + number);
        }
        FrameType.Scope scope = stream == 0 ? FrameType.Scope.CONTROL : FrameType.Scope.EXCHANGE;
        if (type.scope() != scope) {
            return new FrameException(Code.PROTOCOL, type + " on the " + scope + " stream");
        }
        return length <= type.maxPayload()
                ? null
                : new FrameException(
                        Code.PROTOCOL, type + ": " + length + " bytes (expected: <= " + type.maxPayload() + ")");
    }

    private void deliver(FrameType type, int flags, ByteBuf payload, int stream) {
        if (stream == 0) {
            wire.onControl((Frame.Control) FrameDecoder.decode(type, flags, payload));
            return;
        }
        TcpStream to = wire.stream(stream, type == FrameType.REQUEST);
        if (to == null) {
            return;
        }
        Frame.Exchange frame;
        try {
            frame = (Frame.Exchange) FrameDecoder.decode(type, flags, payload);
        } catch (FrameException e) {
            to.onBroken(e);
            return;
        }
        if (LOG.isTraceEnabled()) {
            LOG.trace("<< {} {} {}", wire.remoteAddress(), stream, frame);
        }
        to.onFrame(frame);
    }

    private void broken(int stream, FrameException problem) {
        TcpStream to = stream == 0 ? null : wire.stream(stream, false);
        if (stream == 0) {
            throw problem;
        } else if (to != null) {
            to.onBroken(problem);
        }
    }

    private boolean mark(ByteBuf in, int number, int length, int stream) {
        int least = number == Mark.FINISH ? 0 : number == Mark.CLOSE ? 6 : 4;
        if (length < least || length > Mark.MAX_PAYLOAD || number != Mark.CLOSE && length != least) {
            throw new FrameException(Code.PROTOCOL, "mark " + number + " of " + length + " bytes");
        }
        if (in.readableBytes() < Mark.HEADER_BYTES + length) {
            return false;
        }
        in.skipBytes(Mark.HEADER_BYTES);
        ByteBuf payload = in.readSlice(length);
        if (number == Mark.CLOSE) {
            Code code = Code.of(payload.readUnsignedInt());
            int size = Math.min(payload.readUnsignedShort(), payload.readableBytes());
            wire.onPeerClose(code, Text.reason(payload.readString(size, StandardCharsets.UTF_8)));
            return true;
        }
        TcpStream to = wire.known(stream);
        if (to == null) {
            return true;
        }
        switch (number) {
            case Mark.FINISH -> to.onFinish();
            case Mark.CANCEL -> to.onCancel(Code.of(payload.readUnsignedInt()));
            default -> to.onStop();
        }
        return true;
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext ctx) throws Exception {
        wire.onReadComplete();
        super.channelReadComplete(ctx);
    }

    @Override
    public void channelWritabilityChanged(ChannelHandlerContext ctx) {
        if (ctx.channel().isWritable()) {
            wire.flush();
        }
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
        LOG.debug("{}: {}", wire.remoteAddress(), cause.toString());
        lost = String.valueOf(cause.getMessage());
        Writes.close(ctx.channel());
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) throws Exception {
        super.channelInactive(ctx);
        wire.onLost(lost);
    }
}
