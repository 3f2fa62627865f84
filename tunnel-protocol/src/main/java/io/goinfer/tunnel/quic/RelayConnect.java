// SPDX-License-Identifier: MIT
package io.goinfer.tunnel.quic;

import io.goinfer.tunnel.frame.Code;
import io.goinfer.tunnel.frame.Id;
import io.goinfer.tunnel.session.NodeAuthority;
import io.goinfer.tunnel.session.RelayGreeting;
import io.goinfer.tunnel.wire.Dial;
import io.goinfer.tunnel.wire.PeerChain;
import io.goinfer.tunnel.wire.Writes;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.socket.ChannelInputShutdownReadComplete;
import io.netty.handler.codec.http3.DefaultHttp3DataFrame;
import io.netty.handler.codec.http3.DefaultHttp3HeadersFrame;
import io.netty.handler.codec.http3.Http3Headers;
import io.netty.handler.codec.http3.Http3HeadersFrame;
import io.netty.handler.codec.quic.QuicChannel;
import io.netty.handler.codec.quic.QuicStreamChannel;
import io.netty.util.ReferenceCountUtil;
import java.nio.charset.StandardCharsets;
import java.security.cert.X509Certificate;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** One HTTP/3 request stream at the relay: an extended CONNECT becomes a tunnel, everything else is answered 404 (PROTOCOL.md §2). */
final class RelayConnect extends ChannelInboundHandlerAdapter {
    private static final Logger LOG = LoggerFactory.getLogger(RelayConnect.class);

    private final QuicListener listener;
    private final RelayConnection connection;
    private boolean tunnel;

    RelayConnect(QuicListener listener, RelayConnection connection) {
        this.listener = listener;
        this.connection = connection;
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object msg) {
        if (tunnel) {
            ctx.fireChannelRead(msg);
        } else if (msg instanceof Http3HeadersFrame head) {
            onHead(ctx, head.headers());
        } else {
            ReferenceCountUtil.release(msg);
        }
    }

    private void onHead(ChannelHandlerContext ctx, Http3Headers head) {
        if (connection.isRefused()) {
            Writes.close(ctx.channel());
            return;
        }
        CharSequence protocol = head.get(":protocol");
        boolean connect = "CONNECT".contentEquals(head.method())
                && protocol != null
                && Dial.PROTOCOL.contentEquals(protocol)
                && head.path() != null
                && Dial.PATH.contentEquals(head.path());
        if (!connect) {
            refuse(ctx, 404, "", "HTTP/3 serves only the tunnel here");
        } else if (connection.claimed()) {
            refuse(ctx, 400, "PROTOCOL", "one tunnel a connection");
        } else {
            tunnel = true;
            connection.whenNodeUnderstandsUs(understands -> {
                if (understands) {
                    authorize(ctx);
                } else {
                    refuse(ctx, 400, "PROTOCOL", "SETTINGS without GOINFER_TUNNEL");
                }
            });
        }
    }

    private void authorize(ChannelHandlerContext ctx) {
        QuicChannel channel = ((QuicStreamChannel) ctx.channel()).parent();
        List<X509Certificate> chain = PeerChain.of(channel.sslEngine());
        NodeAuthority.Decision decision = listener.authority().decide(chain, connection.remote());
        if (decision.code() != Code.NO_ERROR) {
            LOG.warn("{}: tunnel refused: {}", connection.remote(), decision.code());
            refuse(ctx, decision.httpStatus(), decision.code().name(), "no tunnel for this certificate");
            return;
        }
        connection.accepted();
        Http3HeadersFrame answer = new DefaultHttp3HeadersFrame();
        answer.headers().status("200");
        Writes.flushWithPromise(ctx, answer);
        long streamId = ((QuicStreamChannel) ctx.channel()).streamId();
        QuicWire wire = new QuicWire(channel, ctx, streamId, true);
        byte[] id = ConnectionIds.bytes(channel.localAddress());
        Id token = id == null ? Id.ZERO : listener.bootKey().token(id);
        wire.events(new RelayGreeting(wire, decision.host(), listener.maxStreams(), token, listener.software()));
    }

    private void refuse(ChannelHandlerContext ctx, int status, String reason, String message) {
        connection.refused();
        Http3HeadersFrame answer = new DefaultHttp3HeadersFrame();
        answer.headers().status(Integer.toString(status)).add("content-type", "application/json");
        if (!reason.isEmpty()) {
            answer.headers().add("goinfer-reason", reason);
        }
        if (status == 503) {
            answer.headers().add("retry-after", "5");
        }
        Writes.flushWithPromise(ctx, answer);
        String body = "{\"src\":\"goinfer\",\"error\":{\"message\":\"" + message
                + "\",\"type\":\"invalid_request_error\",\"param\":null,\"code\":\"not_found\"}}";
        ctx.writeAndFlush(new DefaultHttp3DataFrame(Unpooled.copiedBuffer(body, StandardCharsets.UTF_8)))
                .addListener(QuicStreamChannel.SHUTDOWN_OUTPUT);
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
        if (event == ChannelInputShutdownReadComplete.INSTANCE && !tunnel) {
            LOG.debug("{}: request ended", connection.remote());
        }
        ctx.fireUserEventTriggered(event);
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
        if (tunnel) {
            ctx.fireExceptionCaught(cause);
        } else {
            LOG.debug("{}: request stream: {}", connection.remote(), cause.toString());
            Writes.close(ctx.channel());
        }
    }
}
