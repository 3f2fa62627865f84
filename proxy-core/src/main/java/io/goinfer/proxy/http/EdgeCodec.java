// SPDX-License-Identifier: MIT
package io.goinfer.proxy.http;

import io.goinfer.proxy.net.ByteBudget;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.CombinedChannelDuplexHandler;
import io.netty.handler.codec.http.HttpDecoderConfig;
import io.netty.handler.codec.http.HttpMessage;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpRequestDecoder;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpResponseEncoder;
import io.netty.handler.codec.http.LastHttpContent;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * HTTP/1.1 towards a client, one request at a time. What comes behind a request waits as bytes until {@link #next()} (RFC 9112 §9.3.2), and once there is
 * some of it the connection is not read: the client's own socket holds the rest. With nothing behind the request reading goes on, so that a client that
 * leaves is noticed; epoll tells of that also while nothing is read. What still comes and fits neither {@link #MOST} nor the budget of all connections is
 * dropped: the connection ends with the answer then. Confined to the channel's loop.
 */
final class EdgeCodec extends CombinedChannelDuplexHandler<HttpRequestDecoder, HttpResponseEncoder> {
    /** Bytes behind one request: what is read at once, and as much again that TLS had of it already. */
    static final int MOST = 128 << 10;

    private final OneRequest decoder;
    private final ByteBudget budget;
    private @Nullable ChannelHandlerContext context;
    private HttpMethod method = HttpMethod.GET;
    private boolean waiting;
    private boolean reading;
    private boolean dropping;
    private int held;

    /** @param budget for what waits on all connections together */
    EdgeCodec(HttpDecoderConfig config, ByteBudget budget) {
        this.decoder = new OneRequest(config);
        this.budget = budget;
        init(decoder, new Encoder());
    }

    private final class OneRequest extends HttpRequestDecoder {
        OneRequest(HttpDecoderConfig config) {
            super(config);
        }

        @Override
        protected void decode(ChannelHandlerContext ctx, ByteBuf in, List<Object> out) throws Exception {
            if (waiting) {
                return;
            }
            super.decode(ctx, in, out);
            if (!out.isEmpty()) {
                if (out.get(0) instanceof HttpRequest head) {
                    method = head.method();
                }
                waiting = out.get(out.size() - 1) instanceof LastHttpContent last
                        && last.decoderResult().isSuccess();
            }
        }

        /** Two readers would cut it in two ways (RFC 9112 §6.1). */
        @Override
        protected void handleTransferEncodingChunkedWithContentLength(HttpMessage message) {
            throw new IllegalArgumentException("Content-Length and Transfer-Encoding");
        }

        /** Its superclass would ask for more to be read, as nothing came of what was. */
        @Override
        public void channelReadComplete(ChannelHandlerContext ctx) throws Exception {
            if (waiting) {
                ctx.fireChannelReadComplete();
            } else {
                super.channelReadComplete(ctx);
            }
        }

        ByteBuf rest() {
            return internalBuffer();
        }
    }

    private final class Encoder extends HttpResponseEncoder {
        @Override
        protected boolean isContentAlwaysEmpty(HttpResponse response) {
            return method.equals(HttpMethod.HEAD) || super.isContentAlwaysEmpty(response);
        }
    }

    @Override
    public void handlerAdded(ChannelHandlerContext ctx) throws Exception {
        context = ctx;
        super.handlerAdded(ctx);
    }

    /** For what is encoded already. */
    ChannelHandlerContext context() {
        return Objects.requireNonNull(context, "not in a pipeline");
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object msg) throws Exception {
        if (waiting && msg instanceof ByteBuf more && (dropping || held + more.readableBytes() > MOST)) {
            more.release();
            drop();
            return;
        }
        reading = true;
        try {
            super.channelRead(ctx, msg);
        } finally {
            reading = false;
        }
        hold(ctx);
    }

    /** In a buffer of its own size: what was read into may be much larger. */
    private void hold(ChannelHandlerContext ctx) {
        ByteBuf rest = decoder.rest();
        int size = waiting ? rest.readableBytes() : 0;
        if (size == held) {
            return;
        }
        if (size < held) {
            budget.release(held - size);
            held = size;
        } else if (dropping || !budget.reserve(size - held)) {
            drop();
        } else {
            held = size;
            ctx.channel().config().setAutoRead(false);
            decode(ctx, ctx.alloc().buffer(size).writeBytes(rest));
        }
    }

    private void decode(ChannelHandlerContext ctx, ByteBuf bytes) {
        try {
            super.channelRead(ctx, bytes);
        } catch (Exception e) {
            ctx.fireExceptionCaught(e);
        }
    }

    /** There is something behind the request. */
    boolean holds() {
        return held > 0;
    }

    /** Bytes of the client stand behind its request, or did and were dropped. */
    boolean leavesUnread() {
        return held > 0 || dropping;
    }

    /** No request will follow: what comes behind this one is read and dropped. Idempotent. */
    void drop() {
        dropping = true;
        release();
        ByteBuf rest = decoder.rest();
        if (waiting && rest.isReadable()) {
            rest.skipBytes(rest.readableBytes());
            decode(context(), Unpooled.EMPTY_BUFFER);
        }
    }

    /** Something that came behind the request is lost: no other can be answered on this connection. */
    boolean dropped() {
        return dropping;
    }

    /** The request is answered. Reads the next one: at once, if it is there. */
    void next() {
        waiting = false;
        boolean more = holds();
        release();
        ChannelHandlerContext ctx = context();
        ctx.channel().config().setAutoRead(true);
        if (more && !reading) {
            reading = true;
            decode(ctx, Unpooled.EMPTY_BUFFER);
            reading = false;
            hold(ctx);
        }
    }

    private void release() {
        if (held > 0) {
            budget.release(held);
            held = 0;
        }
    }

    /** What was held goes on as bytes, to what is in the codec's place now. */
    @Override
    public void handlerRemoved(ChannelHandlerContext ctx) throws Exception {
        release();
        super.handlerRemoved(ctx);
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) throws Exception {
        release();
        super.channelInactive(ctx);
    }
}
