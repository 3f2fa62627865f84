// SPDX-License-Identifier: MIT
package io.goinfer.proxy.http;

import io.goinfer.proxy.control.LiveSink;
import io.goinfer.proxy.control.Reply;
import io.netty.buffer.Unpooled;
import io.netty.handler.codec.http.DefaultHttpContent;
import io.netty.handler.codec.http.DefaultHttpResponse;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.LastHttpContent;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/** An answer of our own that goes on until the client leaves. A reader that is too slow loses what it does not take. Confined to the connection's loop. */
final class StreamReply {
    private final EdgeHandler edge;
    private final Reply reply;
    private @Nullable Runnable ending;
    private long dropped;
    private boolean over;

    StreamReply(EdgeHandler edge, Reply reply) {
        this.edge = edge;
        this.reply = reply;
    }

    void start(HttpRequest head) {
        HttpResponse response =
                new DefaultHttpResponse(HttpVersion.HTTP_1_1, HttpResponseStatus.valueOf(reply.status()));
        response.headers().set("content-type", reply.contentType());
        reply.headers().forEach((name, value) -> response.headers().set(name, value));
        boolean chunked = head.protocolVersion().equals(HttpVersion.HTTP_1_1);
        response.headers().set(chunked ? "transfer-encoding" : "connection", chunked ? "chunked" : "close");
        edge.cors(head, response.headers());
        if (!chunked) {
            Cut.untilWhole(edge.channel());
        }
        edge.write(response);
        edge.write(new DefaultHttpContent(Unpooled.wrappedBuffer(reply.body())));
        edge.flush();
        Reply.Stream stream = reply.stream();
        if (stream != null) {
            ending = stream.start(new LiveSink(edge.loop(), this::send, lost -> dropped += lost, this::finish));
            if (edge.isGone()) {
                // It left before its answer began, and nobody will say so again.
                end();
            }
        }
    }

    private void send(byte[] bytes) {
        if (over) {
            return;
        }
        if (!edge.isWritable()) {
            dropped += bytes.length;
            return;
        }
        if (dropped > 0 && !reply.contentType().startsWith("text/event-stream")) {
            String note = "\n— " + dropped + " bytes dropped —\n";
            edge.write(new DefaultHttpContent(Unpooled.copiedBuffer(note, StandardCharsets.UTF_8)));
        }
        dropped = 0;
        edge.write(new DefaultHttpContent(Unpooled.wrappedBuffer(bytes)));
        edge.flush();
    }

    private void finish() {
        if (!over) {
            end();
            edge.write(LastHttpContent.EMPTY_LAST_CONTENT);
            edge.flush();
            Cut.whole(edge.channel());
            edge.exchangeDone(true);
        }
    }

    /** The client is gone, or the source. Idempotent. */
    void end() {
        over = true;
        if (ending != null) {
            ending.run();
            ending = null;
        }
    }
}
