// SPDX-License-Identifier: MIT
package io.goinfer.bench.llama;

import io.goinfer.tunnel.wire.Writes;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.EventLoop;
import io.netty.handler.codec.http.HttpContent;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.LastHttpContent;
import io.netty.util.ReferenceCountUtil;
import io.netty.util.concurrent.Future;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** One connection: requests one after the other, closed after 100 answers, 5 s of silence, or an SSE answer. Confined to its loop. */
final class LlamaConnection extends ChannelInboundHandlerAdapter {
    private static final int MAX_BODY = 100 << 20;
    private static final int MAX_ANSWERS = 100;
    private static final long IDLE_SECONDS = 5;

    private final SimulatedLlama server;
    private final EventLoop loop;
    private @Nullable ChannelHandlerContext context;
    private @Nullable HttpRequest head;
    private @Nullable Generation generation;
    private @Nullable Download download;
    private @Nullable Future<?> idle;
    private ByteBuf body = Unpooled.EMPTY_BUFFER;
    private boolean counting;
    private long uploaded;
    private int answers;
    private boolean answering;
    private boolean hanging;

    LlamaConnection(SimulatedLlama server, EventLoop loop) {
        this.server = server;
        this.loop = loop;
    }

    @Override
    public void channelActive(ChannelHandlerContext ctx) {
        context = ctx;
        server.counts().connections.incrementAndGet();
        waitIdle(ctx);
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object msg) {
        try {
            if (msg instanceof HttpRequest request) {
                begin(request);
            }
            if (msg instanceof HttpContent content && head != null) {
                if (counting) {
                    uploaded += content.content().readableBytes();
                } else if (body.readableBytes() + content.content().readableBytes() <= MAX_BODY) {
                    body.writeBytes(content.content());
                }
                if (msg instanceof LastHttpContent) {
                    complete(ctx);
                }
            }
        } finally {
            ReferenceCountUtil.release(msg);
        }
    }

    private void begin(HttpRequest request) {
        if (idle != null) {
            idle.cancel(false);
        }
        head = request;
        uploaded = 0;
        counting = request.uri().startsWith("/v1/sim/upload");
        body = counting ? Unpooled.EMPTY_BUFFER : Unpooled.buffer();
        answering = true;
        server.counts().requests.incrementAndGet();
        if ("100-continue".equals(request.headers().get("expect")) && context != null) {
            write(Unpooled.copiedBuffer("HTTP/1.1 100 Continue\r\n\r\n", StandardCharsets.US_ASCII));
        }
    }

    private void complete(ChannelHandlerContext ctx) {
        HttpRequest request = head;
        head = null;
        if (request == null || hanging) {
            return;
        }
        String path = request.uri().split("\\?", 2)[0];
        String text = body.toString(StandardCharsets.UTF_8);
        if (server.loading()) {
            answer(503, "{\"error\":{\"message\":\"Loading model\",\"type\":\"unavailable_error\",\"code\":503}}");
            return;
        }
        LlamaRequest.Api api = request.method().equals(HttpMethod.POST) ? LlamaRequest.apiOf(path) : null;
        if (api != null) {
            generate(ctx, api, text);
        } else {
            other(ctx, path, request);
        }
    }

    private void generate(ChannelHandlerContext ctx, LlamaRequest.Api api, String text) {
        server.counts().lastBody(text);
        try {
            Generation next = new Generation(server, this, ctx.channel(), loop, LlamaRequest.parse(api, text));
            generation = next;
            server.slots().enter(next);
        } catch (IOException e) {
            answer(
                    400,
                    "{\"error\":{\"code\":400,\"message\":\"[json.exception.parse_error.101] parse error\",\"type\":\"invalid_request_error\"}}");
        }
    }

    private void other(ChannelHandlerContext ctx, String path, HttpRequest request) {
        Slots slots = server.slots();
        String model = server.simulation().model();
        switch (path) {
            case "/health", "/v1/health" -> answer(200, "{\"status\":\"ok\"}");
            case "/v1/models", "/models" ->
                answer(
                        200,
                        "{\"object\":\"list\",\"data\":[{\"id\":\"" + model
                                + "\",\"object\":\"model\",\"created\":1700000000,\"owned_by\":\"llamacpp\",\"meta\":{\"n_ctx\":4096}}]}");
            case "/props" -> answer(200, "{\"total_slots\":" + slots.count() + ",\"model_alias\":\"" + model + "\"}");
            case "/slots" ->
                answer(200, "[{\"busy\":" + slots.busyCount() + ",\"deferred\":" + slots.deferredCount() + "}]");
            case "/v1/embeddings" ->
                answer(
                        200,
                        "{\"object\":\"list\",\"data\":[{\"object\":\"embedding\",\"index\":0,\"embedding\":[0.1,0.2]}]}");
            case "/v1/sim/upload" -> {
                server.counts().uploaded.addAndGet(uploaded);
                answer(
                        200,
                        "{\"bytes\":" + uploaded + ",\"content_type\":\""
                                + request.headers().get("content-type") + "\"}");
            }
            case "/v1/sim/download" -> {
                download = new Download(this, Long.parseLong(request.uri().replaceAll(".*bytes=(\\d+).*", "$1")));
                download.start(ctx);
            }
            case "/v1/sim/headers" -> answer(200, headersJson(request));
            case "/sim/hang" -> hanging = true;
            case "/sim/crash" -> ctx.close().addListener(closed -> {});
            default ->
                answer(404, "{\"error\":{\"message\":\"File Not Found\",\"type\":\"not_found_error\",\"code\":404}}");
        }
    }

    private static String headersJson(HttpRequest request) {
        StringBuilder json =
                new StringBuilder("{\"uri\":\"").append(request.uri()).append('"');
        request.headers()
                .forEach(field -> json.append(",\"")
                        .append(field.getKey().toLowerCase(java.util.Locale.ROOT))
                        .append("\":\"")
                        .append(field.getValue().replace("\"", "'"))
                        .append('"'));
        return json.append('}').toString();
    }

    /** A whole JSON answer, in one write as the real server does it. */
    void answer(int status, String json) {
        byte[] bytes = json.getBytes(StandardCharsets.UTF_8);
        boolean close = answers + 1 >= MAX_ANSWERS;
        ByteBuf out = Unpooled.buffer(256 + bytes.length);
        ByteBufUtil.writeAscii(
                out,
                "HTTP/1.1 " + status + (status == 200 ? " OK" : " Error")
                        + "\r\nServer: llama.cpp\r\nAccess-Control-Allow-Origin: \r\nContent-Type: application/json; charset=utf-8\r\nContent-Length: "
                        + bytes.length + "\r\n" + (close ? "Connection: close" : "Keep-Alive: timeout=5, max=100")
                        + "\r\n\r\n");
        out.writeBytes(bytes);
        answered(out, close);
    }

    /** The end of an answer. */
    void answered(ByteBuf out, boolean close) {
        answering = false;
        generation = null;
        download = null;
        answers++;
        ChannelHandlerContext ctx = context;
        if (ctx == null) {
            out.release();
            return;
        }
        if (close) {
            ctx.writeAndFlush(out).addListener(ChannelFutureListener.CLOSE);
        } else {
            ctx.writeAndFlush(out).addListener(done -> {});
            waitIdle(ctx);
        }
    }

    void write(ByteBuf out) {
        if (context != null) {
            context.writeAndFlush(out).addListener(done -> {});
        }
    }

    private void waitIdle(ChannelHandlerContext ctx) {
        idle = loop.schedule(() -> Writes.close(ctx.channel()), IDLE_SECONDS, TimeUnit.SECONDS);
    }

    @Override
    public void channelWritabilityChanged(ChannelHandlerContext ctx) {
        if (!ctx.channel().isWritable()) {
            return;
        }
        if (generation != null) {
            generation.writable();
        }
        if (download != null) {
            download.writable(ctx);
        }
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
        server.counts().connections.decrementAndGet();
        if (idle != null) {
            idle.cancel(false);
        }
        if (answering) {
            server.counts().abandonedAt.set(System.nanoTime());
            server.counts().abandoned.incrementAndGet();
        }
        if (generation != null) {
            generation.abandoned();
        }
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
        ctx.close().addListener(done -> {});
    }

    /** A body of a given size, as fast as the socket takes it. */
    private static final class Download {
        private static final ByteBuf PIECE = Unpooled.unreleasableBuffer(Unpooled.wrappedBuffer(new byte[32 << 10]));

        private final LlamaConnection connection;
        private long left;

        Download(LlamaConnection connection, long bytes) {
            this.connection = connection;
            this.left = bytes;
        }

        void start(ChannelHandlerContext ctx) {
            connection.write(Unpooled.copiedBuffer(
                    "HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\nContent-Length: " + left + "\r\n\r\n",
                    StandardCharsets.US_ASCII));
            writable(ctx);
        }

        void writable(ChannelHandlerContext ctx) {
            while (left > PIECE.readableBytes() && ctx.channel().isWritable()) {
                left -= PIECE.readableBytes();
                Writes.write(ctx, PIECE.duplicate());
            }
            ctx.flush();
            if (left <= PIECE.readableBytes()) {
                int last = (int) left;
                left = 0;
                connection.answered(PIECE.duplicate().slice(0, last), false);
            }
        }
    }
}
