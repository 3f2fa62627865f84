// SPDX-License-Identifier: MIT
package io.goinfer.tunnel.tcp;

import io.goinfer.tunnel.frame.Code;
import io.goinfer.tunnel.frame.Id;
import io.goinfer.tunnel.session.NodeAuthority;
import io.goinfer.tunnel.session.RelayGreeting;
import io.goinfer.tunnel.wire.Dial;
import io.goinfer.tunnel.wire.PeerChain;
import io.goinfer.tunnel.wire.Writes;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelPipeline;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.FullHttpResponse;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.LastHttpContent;
import io.netty.handler.ssl.SslHandler;
import io.netty.util.ReferenceCountUtil;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The relay's end of PROTOCOL.md §3: stands behind the HTTP/1.1 codec and before what serves clients, takes the one request that wants a tunnel and lets
 * all others pass. Accepted, it clears the pipeline down to TLS. One for each connection, confined to its loop.
 */
public final class TcpUpgrade extends ChannelInboundHandlerAdapter {
    /** The name of the HTTP/1.1 codec before it in the pipeline. */
    public static final String CODEC = "http1";

    private static final Logger LOG = LoggerFactory.getLogger(TcpUpgrade.class);

    /**
     * @param maxStreams the relay's limit, for HELLO_OK
     * @param software for HELLO_OK
     */
    public record Options(NodeAuthority authority, int maxStreams, String software) {}

    private final Options options;
    private NodeAuthority.@Nullable Decision accepted;
    private boolean taken;

    public TcpUpgrade(Options options) {
        this.options = options;
    }

    /** Connections to this port carry segments that fit any path. Call before it binds. */
    public static void smallSegments(ServerBootstrap listener) {
        TcpSockets.smallSegments(listener);
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object msg) {
        if (!taken && msg instanceof HttpRequest head && wanted(head)) {
            taken = true;
            decide(ctx, head);
            ReferenceCountUtil.release(msg);
        } else if (taken) {
            boolean end = msg instanceof LastHttpContent;
            ReferenceCountUtil.release(msg);
            if (end && accepted != null) {
                open(ctx, accepted);
            }
        } else {
            ctx.fireChannelRead(msg);
        }
    }

    private static boolean wanted(HttpRequest head) {
        return head.method().equals(HttpMethod.GET) && head.uri().equals(Dial.PATH);
    }

    private void decide(ChannelHandlerContext ctx, HttpRequest head) {
        if (head.decoderResult().isFailure()
                || head.headers().contains("transfer-encoding")
                || HttpUtil.getContentLength(head, 0L) != 0) {
            // Or a body without end would keep the connection, and nobody would wait for its HELLO.
            refuse(ctx, 400, Code.PROTOCOL, "an upgrade is well-formed and has no body");
            return;
        }
        SslHandler tls = ctx.pipeline().get(SslHandler.class);
        // RFC 9110 §7.8: an upgrade in HTTP/1.0 is none.
        boolean asked = head.protocolVersion().equals(HttpVersion.HTTP_1_1)
                && head.headers().containsValue("connection", "upgrade", true)
                && head.headers().containsValue("upgrade", Dial.PROTOCOL, true);
        if (!asked || tls == null || !tls.engine().getSession().getProtocol().equals(TcpTls.VERSION)) {
            refuse(ctx, 426, Code.PROTOCOL, "a tunnel is an upgrade to " + Dial.PROTOCOL + ", over TLS 1.3");
            return;
        }
        NodeAuthority.Decision decision = options.authority()
                .decide(PeerChain.of(tls.engine()), ctx.channel().remoteAddress());
        Code code = decision.code();
        if (code != Code.NO_ERROR) {
            LOG.warn("{}: tunnel refused: {}", ctx.channel().remoteAddress(), code);
            refuse(ctx, decision.httpStatus(), code, "no tunnel for this certificate");
        } else {
            accepted = decision;
        }
    }

    private void open(ChannelHandlerContext ctx, NodeAuthority.Decision decision) {
        FullHttpResponse answer = answer(HttpResponseStatus.SWITCHING_PROTOCOLS, "");
        answer.headers().set("connection", "upgrade").set("upgrade", Dial.PROTOCOL);
        Writes.flush(ctx, answer);
        TcpWire wire = TcpWire.over(ctx.channel(), true);
        wire.events(new RelayGreeting(wire, decision.host(), options.maxStreams(), Id.ZERO, options.software()));
        ChannelPipeline pipeline = ctx.pipeline();
        for (String name = behind(pipeline, ctx.name()); name != null; name = behind(pipeline, ctx.name())) {
            pipeline.remove(name);
        }
        // The codec last: the bytes that it read beyond the head come to the wire.
        pipeline.remove(this);
        pipeline.remove(CODEC);
    }

    /** What stands between this handler and the wire. */
    private static @Nullable String behind(ChannelPipeline pipeline, String name) {
        List<String> names = pipeline.names();
        String next = names.get(names.indexOf(name) + 1);
        return next.equals(TcpWire.HANDLER) ? null : next;
    }

    private static void refuse(ChannelHandlerContext ctx, int status, Code code, String message) {
        FullHttpResponse answer = answer(
                HttpResponseStatus.valueOf(status),
                "{\"src\":\"goinfer\",\"error\":{\"message\":\"" + message
                        + "\",\"type\":\"invalid_request_error\",\"param\":null,\"code\":\"no_tunnel\"}}");
        answer.headers()
                .set("connection", status == 426 ? "upgrade, close" : "close")
                .set("content-type", "application/json")
                .set("content-length", answer.content().readableBytes())
                .set("goinfer-reason", code.name());
        if (status == 426) {
            answer.headers().set("upgrade", Dial.PROTOCOL);
        } else if (status == 503) {
            answer.headers().set("retry-after", "5");
        }
        Writes.flushAndClose(ctx.channel(), answer);
    }

    private static FullHttpResponse answer(HttpResponseStatus status, String body) {
        return new DefaultFullHttpResponse(
                HttpVersion.HTTP_1_1, status, Unpooled.copiedBuffer(body, StandardCharsets.UTF_8));
    }
}
