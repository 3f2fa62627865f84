// SPDX-License-Identifier: MIT
package io.goinfer.tunnel.tcp;

import io.goinfer.tunnel.frame.Id;
import io.goinfer.tunnel.wire.Dial;
import io.goinfer.tunnel.wire.Wire;
import io.goinfer.tunnel.wire.Writes;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.EventLoop;
import io.netty.handler.codec.http.DefaultFullHttpRequest;
import io.netty.handler.codec.http.HttpClientCodec;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.LastHttpContent;
import io.netty.handler.ssl.SslHandler;
import io.netty.handler.ssl.SslHandshakeCompletionEvent;
import io.netty.util.ReferenceCountUtil;
import io.netty.util.concurrent.Future;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** The node's end of PROTOCOL.md §3: TCP, TLS 1.3, the upgrade. */
public final class TcpDialer {
    /** @param serverName host name for SNI and certificate verification */
    public record Target(InetSocketAddress address, String serverName, int port, TcpTls tls) {}

    private TcpDialer() {}

    /**
     * Dials. The returned handle cancels the attempt; after {@link Dial.Outcome#connected} it does nothing.
     *
     * @param upgrade completes when the upgrade may be asked for; TCP and TLS do not wait for it
     */
    public static Runnable dial(
            Target target, EventLoop loop, Duration timeout, Future<?> upgrade, Dial.Outcome outcome) {
        Attempt attempt = new Attempt(target, timeout, upgrade, outcome);
        loop.execute(() -> attempt.start(loop));
        return () -> loop.execute(() -> attempt.fail(0, "given up"));
    }

    private static final class Attempt extends ChannelInboundHandlerAdapter {
        private final Target target;
        private final Duration timeout;
        private final Future<?> upgrade;
        private final Dial.Outcome outcome;
        private @Nullable Channel channel;
        private @Nullable Future<?> timer;
        private boolean switching;
        private boolean done;

        Attempt(Target target, Duration timeout, Future<?> upgrade, Dial.Outcome outcome) {
            this.target = target;
            this.timeout = timeout;
            this.upgrade = upgrade;
            this.outcome = outcome;
        }

        void start(EventLoop loop) {
            timer = loop.schedule(
                    () -> fail(0, "TCP: no answer within " + timeout.toMillis() + " ms"),
                    timeout.toMillis(),
                    TimeUnit.MILLISECONDS);
            TcpSockets.bootstrap(loop, timeout)
                    .handler(new ChannelInitializer<>() {
                        @Override
                        protected void initChannel(Channel opened) {
                            channel = opened;
                            SslHandler tls = target.tls().handler(target.serverName(), target.port());
                            tls.setHandshakeTimeoutMillis(timeout.toMillis());
                            opened.pipeline()
                                    .addLast("tls", tls)
                                    .addLast("http1", new HttpClientCodec())
                                    .addLast("dial", Attempt.this);
                        }
                    })
                    .connect(target.address())
                    .addListener(connected -> {
                        if (!connected.isSuccess()) {
                            fail(0, "TCP: " + Dial.text(connected.cause()));
                        } else if (!done) {
                            outcome.answered();
                        }
                    });
        }

        void fail(int status, String reason) {
            if (!done) {
                settled();
                if (channel != null) {
                    Writes.close(channel);
                }
                outcome.failed(status, reason);
            }
        }

        private void settled() {
            done = true;
            if (timer != null) {
                timer.cancel(false);
            }
        }

        @Override
        public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
            if (event instanceof SslHandshakeCompletionEvent handshake) {
                if (handshake.isSuccess()) {
                    upgrade.addListener(due -> askForUpgrade(ctx));
                } else {
                    fail(0, "TLS: " + Dial.text(handshake.cause()));
                }
            }
            ctx.fireUserEventTriggered(event);
        }

        private void askForUpgrade(ChannelHandlerContext ctx) {
            if (!done) {
                HttpRequest head = new DefaultFullHttpRequest(HttpVersion.HTTP_1_1, HttpMethod.GET, Dial.PATH);
                head.headers()
                        .set("host", target.serverName() + ":" + target.port())
                        .set("connection", "upgrade")
                        .set("upgrade", Dial.PROTOCOL);
                Writes.flush(ctx, head);
            }
        }

        @Override
        public void channelRead(ChannelHandlerContext ctx, Object msg) {
            try {
                if (msg instanceof HttpResponse head) {
                    onHead(head);
                }
                if (msg instanceof LastHttpContent && switching && !done) {
                    open(ctx);
                }
            } finally {
                ReferenceCountUtil.release(msg);
            }
        }

        private void onHead(HttpResponse head) {
            int status = head.status().code();
            if (status == 101 && head.headers().containsValue("upgrade", Dial.PROTOCOL, true)) {
                switching = true;
                return;
            }
            String reason = head.headers().get("goinfer-reason");
            fail(status, reason != null ? reason : "the server answered " + status + " and is no goinfer relay");
        }

        private void open(ChannelHandlerContext ctx) {
            settled();
            TcpWire wire = TcpWire.over(ctx.channel(), false);
            outcome.connected(new Connected(wire));
            ctx.pipeline().remove(this);
            // The codec last: the bytes that it read beyond the head come to the wire.
            ctx.pipeline().remove(HttpClientCodec.class);
        }

        @Override
        public void channelInactive(ChannelHandlerContext ctx) {
            fail(0, "the relay closed the connection");
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
            fail(0, "TCP: " + Dial.text(cause));
        }
    }

    private record Connected(Wire wire) implements Dial.Connection {
        @Override
        public void onBootNotice(Id token, Runnable rebooted) {
            // A restarted relay answers the old connection with a TCP reset.
        }
    }
}
