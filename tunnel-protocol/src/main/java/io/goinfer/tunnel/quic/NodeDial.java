// SPDX-License-Identifier: MIT
package io.goinfer.tunnel.quic;

import io.goinfer.tunnel.frame.Id;
import io.goinfer.tunnel.wire.Dial;
import io.goinfer.tunnel.wire.Wire;
import io.goinfer.tunnel.wire.Writes;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.handler.codec.http3.DefaultHttp3HeadersFrame;
import io.netty.handler.codec.http3.Http3;
import io.netty.handler.codec.http3.Http3ClientConnectionHandler;
import io.netty.handler.codec.http3.Http3HeadersFrame;
import io.netty.handler.codec.http3.Http3SettingsFrame;
import io.netty.handler.codec.quic.QuicChannel;
import io.netty.handler.codec.quic.QuicConnectionCloseEvent;
import io.netty.handler.codec.quic.QuicStreamChannel;
import io.netty.util.ReferenceCountUtil;
import io.netty.util.concurrent.Future;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * One attempt of a node: QUIC handshake → relay's SETTINGS → CONNECT → 200. Ends in {@link Dial.Outcome}, once. Confined to its loop.
 */
final class NodeDial {
    private final QuicDialer.Target target;
    private final Duration timeout;
    private final Dial.Outcome outcome;
    private @Nullable Channel datagrams;
    private BootNotice.@Nullable Listener notices;
    private @Nullable QuicChannel quic;
    private @Nullable QuicWire wire;
    private String lastError = "the relay closed the connection";
    private @Nullable Future<?> timer;
    private boolean done;

    NodeDial(QuicDialer.Target target, Duration timeout, Dial.Outcome outcome) {
        this.target = target;
        this.timeout = timeout;
        this.outcome = outcome;
    }

    void over(Channel channel, BootNotice.Listener listener) {
        datagrams = channel;
        notices = listener;
        if (done) {
            Writes.close(channel);
            return;
        }
        listener.onAnything(outcome::answered);
        timer = channel.eventLoop()
                .schedule(
                        () -> fail(0, "no answer within " + timeout.toMillis() + " ms (is UDP blocked?)"),
                        timeout.toMillis(),
                        TimeUnit.MILLISECONDS);
    }

    void fail(int status, String reason) {
        if (!done) {
            settled();
            if (datagrams != null) {
                Writes.close(datagrams);
            }
            outcome.failed(status, reason);
        }
    }

    private void settled() {
        done = true;
        if (notices != null) {
            notices.onAnything(null);
        }
        if (timer != null) {
            timer.cancel(false);
        }
    }

    /** {@code watch · http/3 that lets the relay open streams after the 200}. */
    ChannelHandler pipeline() {
        return new ChannelInitializer<QuicChannel>() {
            @Override
            protected void initChannel(QuicChannel channel) {
                quic = channel;
                channel.pipeline().addLast("dial-watch", new Watch());
                channel.pipeline().addLast("http3", new Gate(new Settings()));
            }
        };
    }

    private void connect(QuicChannel channel) {
        Http3.newRequestStream(channel, new Answer()).addListener(opened -> {
            if (!opened.isSuccess()) {
                fail(0, "CONNECT: " + Dial.text(opened.cause()));
                return;
            }
            QuicStreamChannel stream = (QuicStreamChannel) opened.getNow();
            Http3HeadersFrame head = new DefaultHttp3HeadersFrame();
            head.headers()
                    .method("CONNECT")
                    .scheme("https")
                    .authority(target.serverName() + ":" + target.port())
                    .path(Dial.PATH)
                    .add(":protocol", Dial.PROTOCOL);
            stream.writeAndFlush(head).addListener(written -> {
                if (!written.isSuccess()) {
                    fail(0, "CONNECT: " + Dial.text(written.cause()));
                }
            });
        });
    }

    /** RFC 9114 forbids relay-opened streams until both ends agreed; then they are exchange streams. */
    private final class Gate extends Http3ClientConnectionHandler {
        Gate(ChannelHandler settings) {
            super(settings, null, null, H3.settings(false), true, (id, value) -> id == H3.GOINFER_TUNNEL);
        }

        @Override
        protected void initBidirectionalStream(ChannelHandlerContext ctx, QuicStreamChannel channel) {
            QuicWire open = wire;
            if (open == null) {
                super.initBidirectionalStream(ctx, channel);
            } else {
                channel.pipeline().addLast("exchange", new ExchangeStream(open, false));
            }
        }
    }

    private final class Settings extends ChannelInboundHandlerAdapter {
        @Override
        public void channelRead(ChannelHandlerContext ctx, Object msg) {
            if (msg instanceof Http3SettingsFrame frame && quic != null) {
                if (H3.understandsUs(frame)) {
                    connect(quic);
                } else {
                    fail(0, "the server speaks HTTP/3 but is no goinfer relay");
                }
            }
            ReferenceCountUtil.release(msg);
        }
    }

    /** The answer to our CONNECT; then the control stream's handler stands behind it. */
    private final class Answer extends ChannelInboundHandlerAdapter {
        @Override
        public void channelRead(ChannelHandlerContext ctx, Object msg) {
            if (wire != null || !(msg instanceof Http3HeadersFrame head)) {
                ctx.fireChannelRead(msg);
                return;
            }
            CharSequence status = head.headers().status();
            if (status != null && "200".contentEquals(status)) {
                open(ctx);
                return;
            }
            CharSequence reason = head.headers().get("goinfer-reason");
            fail(
                    status == null ? 502 : Integer.parseInt(status.toString()),
                    reason == null ? "the relay answered " + status : reason.toString());
        }

        private void open(ChannelHandlerContext ctx) {
            if (done || quic == null) {
                return;
            }
            settled();
            QuicWire open = new QuicWire(quic, ctx, ((QuicStreamChannel) ctx.channel()).streamId(), false);
            wire = open;
            outcome.connected(new Connected(open));
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
            if (wire != null) {
                ctx.fireExceptionCaught(cause);
            } else {
                fail(0, "CONNECT: " + Dial.text(cause));
            }
        }
    }

    private final class Connected implements Dial.Connection {
        private final QuicWire open;

        Connected(QuicWire open) {
            this.open = open;
        }

        @Override
        public Wire wire() {
            return open;
        }

        @Override
        public void onBootNotice(Id token, Runnable rebooted) {
            if (notices != null && !token.equals(Id.ZERO)) {
                notices.expect(token, rebooted);
            }
        }
    }

    /** Sees the connection end; its datagram channel goes with it. */
    private final class Watch extends ChannelInboundHandlerAdapter {
        @Override
        public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
            if (event instanceof QuicConnectionCloseEvent close) {
                lastError = QuicWire.reason(close);
            }
            ctx.fireUserEventTriggered(event);
        }

        @Override
        public void channelInactive(ChannelHandlerContext ctx) {
            ctx.fireChannelInactive();
            fail(0, lastError);
            if (datagrams != null) {
                Writes.close(datagrams);
            }
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
            lastError = Dial.text(cause);
            fail(0, lastError);
        }
    }
}
