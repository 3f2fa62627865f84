// SPDX-License-Identifier: MIT
package io.goinfer.proxy.http;

import io.goinfer.proxy.config.Service;
import io.goinfer.proxy.control.Call;
import io.goinfer.proxy.control.Errors;
import io.goinfer.proxy.control.Reply;
import io.goinfer.proxy.keys.ApiKey;
import io.goinfer.proxy.keys.Role;
import io.goinfer.proxy.upstream.Refusal;
import io.goinfer.tunnel.wire.PeerChain;
import io.goinfer.tunnel.wire.Writes;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.EventLoop;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.FullHttpResponse;
import io.netty.handler.codec.http.HttpContent;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpObject;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.LastHttpContent;
import io.netty.handler.ssl.SslHandler;
import io.netty.util.ReferenceCountUtil;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.security.cert.X509Certificate;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One HTTP/1.1 connection of a client: requests one after the other, each checked (CORS, key, endpoint table) and then answered here or handed to a
 * {@link ClientExchange}. Keeps reading while an exchange runs, so that it sees the client leave; what is pipelined waits in the codec. Confined to the
 * channel's loop.
 */
final class EdgeHandler extends ChannelInboundHandlerAdapter implements EdgeConnection {
    static final Object DRAINING = new Object();

    private static final Logger LOG = LoggerFactory.getLogger(EdgeHandler.class);

    private final EdgeRules rules;
    private final Set<Service> services;
    private final Idle idle;
    private final EdgeCodec codec;
    private @Nullable ClientExchange exchange;
    private @Nullable SmallCall small;
    private @Nullable StreamReply stream;
    private boolean skipping;
    private boolean busy;
    private boolean closing;
    private InetAddress client = InetAddress.getLoopbackAddress();
    private boolean tls;
    private @Nullable ChannelHandlerContext context;

    EdgeHandler(EdgeRules rules, Set<Service> services, EdgeCodec codec) {
        this.rules = rules;
        this.codec = codec;
        this.idle = new Idle(rules);
        this.services = services;
    }

    // ---- the connection

    @Override
    public InetAddress client() {
        return client;
    }

    @Override
    public boolean tls() {
        return tls;
    }

    @Override
    public List<X509Certificate> clientChain() {
        SslHandler handler = context == null ? null : context.pipeline().get(SslHandler.class);
        return PeerChain.of(handler == null ? null : handler.engine());
    }

    @Override
    public void handlerAdded(ChannelHandlerContext ctx) {
        context = ctx;
        tls = ctx.pipeline().get(SslHandler.class) != null;
    }

    @Override
    public void channelActive(ChannelHandlerContext ctx) {
        if (ctx.channel().remoteAddress() instanceof InetSocketAddress remote) {
            client = remote.getAddress();
        }
        idle.begins(context);
    }

    /** Also when the connection became a tunnel. */
    @Override
    public void handlerRemoved(ChannelHandlerContext ctx) {
        idle.ends();
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
        handlerRemoved(ctx);
        if (exchange != null) {
            exchange.onClientGone();
        }
        if (stream != null) {
            stream.end();
        }
        dropSmall();
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
        LOG.debug("{}: {}", client, cause.toString());
        Cut.now(ctx.channel());
    }

    // ---- requests

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object msg) {
        if (closing) {
            ReferenceCountUtil.release(msg);
        } else if (msg instanceof ByteBuf bytes && exchange != null) {
            exchange.onBody(bytes);
        } else if (msg instanceof HttpObject object && object.decoderResult().isFailure()) {
            ReferenceCountUtil.release(msg);
            giveUp(Answers.malformed(object.decoderResult().cause()));
        } else {
            if (msg instanceof HttpRequest head) {
                begin(head);
            }
            if (msg instanceof HttpContent content) {
                body(content);
            }
        }
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
        if (event == SlowBody.TOO_SLOW && !closing) {
            giveUp(Refusal.tooSlow());
        } else if (event == DRAINING && !busy) {
            idle.begins(context);
        }
        ctx.fireUserEventTriggered(event);
    }

    /** The connection is of no use any more. */
    private void giveUp(Refusal refusal) {
        boolean answering = responseComplete || exchange != null && exchange.answering();
        if (exchange != null) {
            exchange.onClientGone();
        }
        dropSmall();
        closing = true;
        if (answering && context != null) {
            // Half an answer and a second one would be read as one.
            Cut.now(context.channel());
        } else {
            send(Reply.refuse(refusal), null, true);
        }
    }

    private void begin(HttpRequest head) {
        busy = true;
        skipping = false;
        idle.ends();
        Refusal framing = Framing.problem(head);
        if (framing != null) {
            giveUp(framing);
            return;
        }
        if (Answers.isPreflight(head)) {
            skipping = true;
            finishResponse(Answers.preflight(rules.origins(), head), !rules.keeps(head));
            return;
        }
        String path = Answers.path(head.uri());
        Endpoint endpoint = rules.endpoints().find(head.method().name(), path, services);
        if (endpoint == null) {
            skipping = true;
            refuse(head, Refusal.notFound(path));
            return;
        }
        Role role = path.startsWith(Upstreams.PREFIX) ? Upstreams.role(head.uri(), rules.router()) : endpoint.role();
        Access.Verdict verdict = Access.check(rules, endpoint, role, head);
        if (verdict.refusal() != null) {
            skipping = true;
            refuse(head, verdict.refusal());
        } else if (endpoint.handler() != null) {
            small = new SmallCall(head, endpoint.handler(), verdict.key());
        } else if (Upstreams.moved(head.uri(), rules.router())) {
            skipping = true;
            send(Answers.withSlash(head), head, !rules.keeps(head));
        } else {
            exchange(head, verdict.key());
        }
    }

    private void exchange(HttpRequest head, ApiKey key) {
        ClientExchange next = new ClientExchange(this, rules, head, key, tls);
        exchange = next;
        if (HttpUtil.is100ContinueExpected(head) && !next.isOver()) {
            write(new DefaultFullHttpResponse(
                    HttpVersion.HTTP_1_1, HttpResponseStatus.CONTINUE, Unpooled.EMPTY_BUFFER));
            flush();
        }
        next.start();
    }

    private void body(HttpContent content) {
        if (skipping) {
            content.release();
        } else if (exchange != null) {
            exchange.onBody(content.content());
        } else if (small != null) {
            collect(small, content);
        } else {
            content.release();
        }
        if (content instanceof LastHttpContent last) {
            requestRead(last.trailingHeaders());
        }
    }

    private boolean requestComplete;

    private void requestRead(HttpHeaders trailers) {
        requestComplete = true;
        if (exchange != null) {
            exchange.onRequestEnd(trailers);
        }
        SmallCall call = small;
        if (call != null) {
            small = null;
            answer(call);
        }
        nextIfDone();
    }

    private void collect(SmallCall call, HttpContent content) {
        if (!call.add(content)) {
            dropSmall();
            skipping = true;
            closing = true;
            send(Reply.refuse(Refusal.tooLarge(SmallCall.MAX_BODY)), call.head(), true);
        }
    }

    private void dropSmall() {
        if (small != null) {
            small.drop();
            small = null;
        }
    }

    private void answer(SmallCall call) {
        Call asked = call.call();
        ChannelHandlerContext ctx = context;
        if (ctx == null) {
            return;
        }
        call.handler()
                .handle(asked, new Endpoint.Caller(this, call.key()))
                .whenComplete((reply, failure) -> ctx.executor().execute(() -> {
                    if (failure != null) {
                        LOG.error("{} {} failed", asked.method(), asked.path(), failure);
                    }
                    Reply sent = reply != null ? reply : Reply.refuse(Refusal.internal());
                    if (sent.stream() != null && !closing) {
                        stream = new StreamReply(this, sent);
                        stream.start(call.head());
                    } else {
                        send(sent, call.head(), !rules.keeps(call.head()));
                    }
                }));
    }

    private void refuse(HttpRequest head, Refusal refusal) {
        // A body that nobody wants is not read to its end.
        boolean bodyFollows =
                HttpUtil.isTransferEncodingChunked(head) || HttpUtil.getContentLength(head, 0L) > SmallCall.MAX_BODY;
        Reply reply = Reply.json(refusal.status(), Errors.json(refusal, Answers.path(head.uri())));
        closing |= bodyFollows;
        send(reply, head, bodyFollows || !rules.keeps(head));
    }

    /** CORS fields for an answer to this request. */
    void cors(@Nullable HttpRequest head, HttpHeaders response) {
        Answers.cors(rules.origins(), head, response);
    }

    // ---- answers

    private void send(Reply reply, @Nullable HttpRequest head, boolean close) {
        finishResponse(Answers.of(reply, rules.origins(), head), close);
    }

    private void finishResponse(FullHttpResponse response, boolean close) {
        if (context == null) {
            response.release();
            return;
        }
        if (close) {
            closing = true;
            response.headers().set("connection", "close");
            closeBehind(context, response);
        } else {
            Writes.flush(context, response);
            responseDone();
        }
    }

    /** An answer of the exchange's own refusal. */
    void sendRefusal(HttpRequest head, Refusal refusal, String requestId, boolean close) {
        finishResponse(Answers.refusal(refusal, requestId, rules.origins(), head), close);
    }

    void write(Object message) {
        if (context == null) {
            ReferenceCountUtil.release(message);
        } else {
            Writes.write(context, message);
        }
    }

    /** Past the codec. */
    void writeEncoded(ByteBuf bytes) {
        if (context == null) {
            bytes.release();
        } else {
            Writes.write(codec.context(), bytes);
        }
    }

    void flush() {
        if (context != null) {
            context.flush();
        }
    }

    /** Behind the 101: bytes both ways, no HTTP any more. */
    void switchProtocols() {
        if (context != null) {
            context.flush();
            context.pipeline().remove(codec);
            readMore(true);
        }
    }

    boolean isGone() {
        return context == null || !context.channel().isActive();
    }

    boolean isWritable() {
        return context != null && context.channel().isWritable();
    }

    Channel channel() {
        return Objects.requireNonNull(context, "not in a pipeline").channel();
    }

    EventLoop loop() {
        return channel().eventLoop();
    }

    void readMore(boolean more) {
        if (context != null && context.channel().config().isAutoRead() != more && !codec.holds()) {
            context.channel().config().setAutoRead(more);
        }
    }

    /** The exchange's response is broken off. */
    void exchangeCut() {
        closing = true;
        Cut.behindWrites(channel());
    }

    /** The exchange's response is complete. */
    void exchangeDone(boolean close) {
        if (close && context != null) {
            closing = true;
            closeBehind(context, Unpooled.EMPTY_BUFFER);
        } else {
            responseDone();
        }
    }

    /** A client that still sends would be answered with a RST, which takes the answer away from it (RFC 9112 §9.6): what it sends is read until it has it. */
    private void closeBehind(ChannelHandlerContext to, Object last) {
        if (requestComplete && !codec.leavesUnread()) {
            Writes.flushAndClose(to.channel(), last);
        } else {
            codec.drop();
            Answers.lingerAndClose(to, last);
        }
    }

    private boolean responseComplete;

    /** What is left of the body is read and dropped. */
    private void responseDone() {
        responseComplete = true;
        skipping |= !requestComplete;
        readMore(true);
        nextIfDone();
    }

    private void nextIfDone() {
        if (!requestComplete || !responseComplete || closing) {
            return;
        }
        if (codec.dropped()) {
            exchangeDone(true);
            return;
        }
        exchange = null;
        idle.begins(context);
        if (!isWritable()) {
            // Who does not read answers gets no further ones: they would all wait here.
            return;
        }
        requestComplete = false;
        responseComplete = false;
        busy = false;
        codec.next();
    }

    @Override
    public void channelWritabilityChanged(ChannelHandlerContext ctx) {
        if (!ctx.channel().isWritable()) {
            return;
        }
        if (exchange != null) {
            exchange.onWritable();
        }
        nextIfDone();
    }
}
