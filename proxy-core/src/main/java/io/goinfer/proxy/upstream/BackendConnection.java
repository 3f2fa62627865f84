// SPDX-License-Identifier: MIT
package io.goinfer.proxy.upstream;

import io.goinfer.proxy.net.EventLoops;
import io.goinfer.tunnel.wire.Writes;
import io.netty.bootstrap.Bootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.netty.handler.codec.http.DefaultHttpContent;
import io.netty.handler.codec.http.DefaultHttpHeaders;
import io.netty.handler.codec.http.DefaultHttpRequest;
import io.netty.handler.codec.http.DefaultLastHttpContent;
import io.netty.handler.codec.http.HttpClientCodec;
import io.netty.handler.codec.http.HttpContent;
import io.netty.handler.codec.http.HttpDecoderConfig;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpObject;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpStatusClass;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.LastHttpContent;
import io.netty.util.ReferenceCountUtil;
import io.netty.util.concurrent.Future;
import java.net.InetSocketAddress;
import java.util.ArrayDeque;
import java.util.Queue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One connection to a backend for one exchange. Reads only while little of what it read is still on its way to the client. Confined to the exchange's
 * loop.
 */
final class BackendConnection extends ChannelInboundHandlerAdapter implements Upstream.Stream {
    /** Bytes of the response that may be under way downstream before reading stops. */
    private static final int READ_AHEAD = 64 << 10;

    private static final Logger LOG = LoggerFactory.getLogger(BackendConnection.class);
    private static final int MAX_HEAD = 64 << 10;

    /** This process was stopped while it connected: llama-server gives a connection up that says nothing for 5 s. */
    private static final long STALE_NANOS = TimeUnit.SECONDS.toNanos(3);

    private static final int MAX_CHUNK = 16 << 10;

    private final HttpUpstream.Target target;
    private final RequestHead request;
    private final CheckedResponse response;
    private final Queue<HttpObject> beforeConnect = new ArrayDeque<>();
    private @Nullable Channel channel;
    private @Nullable Future<?> headTimer;
    private int underWay;
    private boolean chunked;
    private boolean headSeen;
    private boolean upgraded;
    private boolean over;

    BackendConnection(HttpUpstream.Target target, RequestHead request, Upstream.Response next) {
        this.target = target;
        this.request = request;
        this.response = new CheckedResponse("backend " + target.authority(), request, next, this::cancel);
    }

    void connect(EventLoop loop) {
        try {
            begin();
        } catch (IllegalArgumentException e) {
            loop.execute(() -> fail(Refusal.invalid("invalid_http", "the request's head is not valid HTTP/1.1")));
            return;
        }
        InetSocketAddress address = target.address().get();
        if (address == null) {
            loop.execute(() -> fail(Refusal.backendUnreachable("backend " + target.authority() + " has no address")));
            return;
        }
        connect(loop, address, true);
    }

    /** @throws IllegalArgumentException if the head cannot be one of HTTP/1.1 */
    void begin() {
        beforeConnect.add(head());
    }

    private void connect(EventLoop loop, InetSocketAddress address, boolean first) {
        Bootstrap bootstrap = EventLoops.client(loop).handler(pipeline());
        bootstrap.option(ChannelOption.CONNECT_TIMEOUT_MILLIS, (int)
                target.connectTimeout().toMillis());
        long begun = System.nanoTime();
        bootstrap.connect(address).addListener(connected -> {
            Channel open = ((io.netty.channel.ChannelFuture) connected).channel();
            if (!connected.isSuccess()) {
                target.failed().run();
                fail(Refusal.backendUnreachable("backend " + target.authority() + " does not accept connections"));
            } else if (over) {
                Writes.close(open);
            } else if (first && System.nanoTime() - begun > STALE_NANOS) {
                // Nothing was sent yet.
                Writes.close(open);
                connect(loop, address, false);
            } else {
                attach(open);
            }
        });
    }

    /** The connection is there, and has {@link #codec()}; before the channel says that it is active. */
    void attach(Channel open) {
        open.pipeline().addLast("backend", this);
        channel = open;
        while (!beforeConnect.isEmpty()) {
            Writes.write(open, beforeConnect.remove());
        }
        open.flush();
        awaitHead(open);
        response.onWritable();
    }

    private void awaitHead(Channel open) {
        if (!target.headTimeout().isZero()) {
            headTimer = open.eventLoop()
                    .schedule(
                            () -> fail(new Refusal(
                                    504,
                                    "server_error",
                                    "gateway_timeout",
                                    "backend " + target.authority() + " sent no answer within "
                                            + target.headTimeout().toSeconds() + " s",
                                    0)),
                            target.headTimeout().toMillis(),
                            TimeUnit.MILLISECONDS);
        }
    }

    /** {@code http1 · backend}. */
    private ChannelInitializer<Channel> pipeline() {
        return new ChannelInitializer<>() {
            @Override
            protected void initChannel(Channel ch) {
                ch.pipeline().addLast("http1", codec());
            }
        };
    }

    static HttpClientCodec codec() {
        return new HttpClientCodec(
                new HttpDecoderConfig().setMaxHeaderSize(MAX_HEAD).setMaxChunkSize(MAX_CHUNK), false, false);
    }

    private HttpRequest head() {
        HttpHeaders headers = request.headers().copy();
        headers.set("host", target.authority());
        headers.set("connection", "close");
        headers.remove(HopHeaders.MODEL);
        headers.remove(HopHeaders.DIRECT);
        if (target.key() != null) {
            headers.set("authorization", "Bearer " + target.key());
        }
        if (request.isUpgrade()) {
            headers.set("connection", HopHeaders.UPGRADE);
        } else if (!request.hasBody()) {
            headers.remove("content-length");
        } else if (!headers.contains("content-length")) {
            chunked = true;
            headers.set("transfer-encoding", "chunked");
        }
        return new DefaultHttpRequest(
                HttpVersion.HTTP_1_1,
                HttpMethod.valueOf(request.method()),
                target.basePath() + request.path(),
                headers);
    }

    // ---- the request

    @Override
    public void body(ByteBuf content) {
        if (upgraded && !over && channel != null) {
            Writes.write(channel, content);
        } else {
            write(new DefaultHttpContent(content));
        }
    }

    /** Of an upgrade there is none: its request has no body before the 101. Trailers have a place behind chunks only. */
    @Override
    public void end(HttpHeaders trailers) {
        if (!request.isUpgrade()) {
            write(
                    chunked && !trailers.isEmpty()
                            ? new DefaultLastHttpContent(Unpooled.EMPTY_BUFFER, trailers)
                            : LastHttpContent.EMPTY_LAST_CONTENT);
        }
    }

    private void write(HttpObject message) {
        if (over) {
            ReferenceCountUtil.release(message);
        } else if (channel == null) {
            beforeConnect.add(message);
        } else {
            Writes.write(channel, message);
        }
    }

    @Override
    public void flush() {
        if (channel != null) {
            channel.flush();
        }
    }

    @Override
    public boolean isWritable() {
        if (request.isUpgrade() && !upgraded) {
            return false;
        }
        return channel == null ? beforeConnect.size() < 8 : channel.isWritable();
    }

    @Override
    public void consumed(int bytes) {
        underWay -= bytes;
        Channel open = channel;
        if (open != null && !open.config().isAutoRead() && underWay < READ_AHEAD / 2) {
            open.config().setAutoRead(true);
        }
    }

    /** Closing the connection is what stops llama-server. */
    @Override
    public void cancel() {
        over = true;
        response.close();
        if (headTimer != null) {
            headTimer.cancel(false);
        }
        beforeConnect.forEach(ReferenceCountUtil::release);
        beforeConnect.clear();
        if (channel != null) {
            Writes.close(channel);
        }
    }

    // ---- the response

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object msg) {
        if (over) {
            ReferenceCountUtil.release(msg);
            return;
        }
        if (msg instanceof HttpObject object && object.decoderResult().isFailure()) {
            ReferenceCountUtil.release(msg);
            fail(noHttp());
            return;
        }
        if (msg instanceof HttpResponse head) {
            onHead(head);
        }
        if (over) {
            // The head was refused, or its client is gone.
            ReferenceCountUtil.release(msg);
        } else if (msg instanceof HttpContent content && upgraded) {
            // The end of the 101.
            content.release();
            ctx.pipeline().remove(HttpClientCodec.class);
            response.onWritable();
        } else if (msg instanceof HttpContent content) {
            onContent(ctx, content);
        } else if (msg instanceof ByteBuf bytes) {
            pass(ctx, bytes);
        }
    }

    private Refusal noHttp() {
        return Refusal.backendFailed("backend " + target.authority() + " does not speak HTTP/1");
    }

    private void onHead(HttpResponse head) {
        HttpVersion version = head.protocolVersion();
        if (!version.protocolName().equals("HTTP") || version.majorVersion() != 1) {
            fail(noHttp());
            return;
        }
        int status = head.status().code();
        boolean switched = head.status().equals(HttpResponseStatus.SWITCHING_PROTOCOLS);
        if (head.status().codeClass() == HttpStatusClass.INFORMATIONAL && !switched) {
            response.onInfo(status, head.headers());
            return;
        }
        headSeen = true;
        upgraded = switched;
        if (headTimer != null) {
            headTimer.cancel(false);
        }
        response.onHead(status, head.headers());
    }

    private void pass(ChannelHandlerContext ctx, ByteBuf bytes) {
        underWay += bytes.readableBytes();
        if (underWay >= READ_AHEAD) {
            ctx.channel().config().setAutoRead(false);
        }
        response.onBody(bytes);
    }

    private void onContent(ChannelHandlerContext ctx, HttpContent content) {
        boolean last = content instanceof LastHttpContent;
        if (!headSeen) {
            // The empty end of an interim response.
            content.release();
            return;
        }
        if (content.content().isReadable()) {
            pass(ctx, content.content());
        } else {
            content.release();
        }
        if (last && !over) {
            over = true;
            response.onEnd(((LastHttpContent) content).trailingHeaders());
            response.onBatchEnd();
            Writes.close(ctx.channel());
        }
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext ctx) {
        if (!over) {
            response.onBatchEnd();
        }
    }

    @Override
    public void channelWritabilityChanged(ChannelHandlerContext ctx) {
        if (ctx.channel().isWritable() && !over) {
            response.onWritable();
        }
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
        if (!headSeen) {
            target.failed().run();
        }
        if (upgraded && !over) {
            over = true;
            response.onEnd(new DefaultHttpHeaders());
            response.onBatchEnd();
            return;
        }
        fail(Refusal.backendFailed(
                "backend " + target.authority() + " closed the connection before its answer was complete"));
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
        LOG.debug("backend {}: connection failed", target.authority(), cause);
        fail(Refusal.backendFailed("backend " + target.authority() + ": connection failed: " + cause.getMessage()));
    }

    private void fail(Refusal refusal) {
        if (!over) {
            cancel();
            response.onFailed(refusal);
        }
    }
}
