// SPDX-License-Identifier: MIT
package io.goinfer.proxy.http;

import io.goinfer.proxy.control.Errors;
import io.goinfer.proxy.control.Reply;
import io.goinfer.proxy.upstream.HopHeaders;
import io.goinfer.proxy.upstream.Refusal;
import io.goinfer.tunnel.wire.Writes;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.socket.DuplexChannel;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.FullHttpResponse;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.TooLongHttpHeaderException;
import io.netty.handler.codec.http.TooLongHttpLineException;
import io.netty.handler.ssl.SslHandler;
import io.netty.util.concurrent.Future;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** Whole answers of our own as HTTP/1.1 messages, with their CORS fields. */
final class Answers {
    private static final long LINGER_SECONDS = 2;

    private Answers() {}

    /** @param head the request, null if it could not be read */
    static FullHttpResponse of(Reply reply, List<String> origins, @Nullable HttpRequest head) {
        FullHttpResponse response = new DefaultFullHttpResponse(
                HttpVersion.HTTP_1_1, HttpResponseStatus.valueOf(reply.status()), Unpooled.wrappedBuffer(reply.body()));
        response.headers().set("content-type", reply.contentType());
        response.headers().set("content-length", reply.body().length);
        reply.headers().forEach((name, value) -> response.headers().set(name, value));
        if (reply.status() == 401) {
            response.headers().set("www-authenticate", "Bearer");
        }
        cors(origins, head, response.headers());
        return response;
    }

    /** In the shape of the API that was called. */
    static FullHttpResponse refusal(Refusal refusal, String requestId, List<String> origins, HttpRequest head) {
        FullHttpResponse response =
                of(Reply.json(refusal.status(), Errors.json(refusal, path(head.uri()))), origins, head);
        response.headers().set(HopHeaders.REQUEST_ID, requestId);
        if (refusal.retryAfterSeconds() > 0) {
            response.headers().set("retry-after", refusal.retryAfterSeconds()).set("x-should-retry", "true");
        }
        return response;
    }

    /** The same path with a slash behind it; 308 where the method has to stay (RFC 9110 §15.4). */
    static Reply withSlash(HttpRequest head) {
        String method = head.method().name();
        boolean safe = method.equals("GET") || method.equals("HEAD");
        String path = path(head.uri());
        String location = path + "/" + head.uri().substring(path.length());
        return new Reply(safe ? 301 : 308, "text/plain", new byte[0], null, Map.of("location", location));
    }

    static boolean isPreflight(HttpRequest head) {
        return head.method().name().equals("OPTIONS")
                && head.headers().contains("origin")
                && head.headers().contains("access-control-request-method");
    }

    /** The answer to a preflight; without a key, and the same for every path. */
    static FullHttpResponse preflight(List<String> origins, HttpRequest head) {
        FullHttpResponse response =
                new DefaultFullHttpResponse(HttpVersion.HTTP_1_1, HttpResponseStatus.NO_CONTENT, Unpooled.EMPTY_BUFFER);
        cors(origins, head, response.headers());
        if (response.headers().contains("access-control-allow-origin")) {
            String wanted = head.headers().get("access-control-request-headers");
            response.headers()
                    .set("access-control-allow-methods", "GET, POST, PUT, PATCH, DELETE, OPTIONS")
                    .set("access-control-allow-headers", wanted == null ? "authorization, content-type" : wanted)
                    .set("access-control-max-age", "86400");
        }
        return response;
    }

    static void cors(List<String> origins, @Nullable HttpRequest head, HttpHeaders response) {
        if (origins.isEmpty()) {
            return;
        }
        response.add("vary", "origin");
        String origin = head == null ? null : head.headers().get("origin");
        if (origin != null && Access.allows(origins, origin)) {
            response.set("access-control-allow-origin", origin)
                    .set("access-control-allow-credentials", "true")
                    .set(
                            "access-control-expose-headers",
                            HopHeaders.REQUEST_ID + ", " + HopHeaders.NODE + ", " + HopHeaders.MODEL + ", retry-after");
        }
    }

    /** Closing a socket with unread bytes resets it, and the answer is lost: end our side, drop what still comes, for a moment. */
    static void lingerAndClose(ChannelHandlerContext ctx, Object last) {
        ctx.writeAndFlush(last).addListener(written -> {
            if (ctx.channel() instanceof DuplexChannel duplex && ctx.pipeline().get(SslHandler.class) == null) {
                duplex.shutdownOutput().addListener(done -> {});
            }
            ctx.channel().config().setAutoRead(true);
            Future<?> unused =
                    ctx.executor().schedule(() -> Writes.close(ctx.channel()), LINGER_SECONDS, TimeUnit.SECONDS);
        });
    }

    /** Why a head could not be read. */
    static Refusal malformed(Throwable cause) {
        return cause instanceof TooLongHttpHeaderException
                ? Refusal.headTooLarge()
                : cause instanceof TooLongHttpLineException
                        ? new Refusal(
                                414, "invalid_request_error", "uri_too_long", "the request's target is too long", 0)
                        : Refusal.invalid("invalid_http", "the request is not valid HTTP/1.1");
    }

    static String path(String uri) {
        int query = uri.indexOf('?');
        return query < 0 ? uri : uri.substring(0, query);
    }
}
