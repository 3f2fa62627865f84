// SPDX-License-Identifier: MIT
package io.goinfer.proxy.http;

import io.goinfer.proxy.control.Call;
import io.goinfer.proxy.control.Reply;
import io.goinfer.proxy.net.EventLoops;
import io.goinfer.proxy.upstream.Refusal;
import io.goinfer.proxy.upstream.RequestHead;
import io.goinfer.proxy.upstream.Upstream;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.channel.EventLoop;
import io.netty.handler.codec.http.DefaultHttpHeaders;
import io.netty.handler.codec.http.EmptyHttpHeaders;
import io.netty.handler.codec.http.HttpHeaders;
import java.io.ByteArrayOutputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** Asks nodes what they answer themselves: PROTOCOL.md §6.9. */
final class NodeCalls {
    private static final int MAX_ANSWER = 8 << 20;
    private static final long PATIENCE_SECONDS = 150;

    private final EventLoops loops;

    NodeCalls(EventLoops loops) {
        this.loops = loops;
    }

    /** @param uri with query. Never fails: what goes wrong is the reply. */
    CompletionStage<Reply> call(Upstream node, Call call, String uri) {
        EventLoop loop = loops.next();
        Answer answer = new Answer(loop, uri.startsWith("/logs/stream"));
        loop.execute(() -> {
            HttpHeaders headers = new DefaultHttpHeaders();
            RequestHead head = RequestHead.first("-", call.method(), uri, headers, call.body().length > 0);
            Upstream.Stream stream = node.open(head, "", loop, answer);
            answer.stream = stream;
            if (call.body().length > 0) {
                stream.body(Unpooled.wrappedBuffer(call.body()));
                stream.end(EmptyHttpHeaders.INSTANCE);
                stream.flush();
            }
        });
        return answer.reply;
    }

    /** On its loop. A stream's reply is there with its head; the rest follows to the sink. */
    private static final class Answer implements Upstream.Response {
        private final CompletableFuture<Reply> reply = new CompletableFuture<>();
        private final EventLoop loop;
        private final boolean streams;
        private final ByteArrayOutputStream body = new ByteArrayOutputStream();
        private final List<byte[]> early = new ArrayList<>();
        private Upstream.@Nullable Stream stream;
        private Reply.@Nullable Sink sink;
        private int status;
        private String type = "application/json";
        private boolean ended;

        Answer(EventLoop loop, boolean streams) {
            this.loop = loop;
            this.streams = streams;
            if (!streams) {
                loop.schedule(
                                () -> onFailed(Refusal.nodeLost("the node did not answer")),
                                PATIENCE_SECONDS,
                                TimeUnit.SECONDS)
                        .addListener(done -> {});
            }
        }

        @Override
        public void onInfo(int code, HttpHeaders headers) {}

        @Override
        public void onHead(int code, HttpHeaders headers) {
            status = code;
            type = headers.get("content-type", type);
            if (streams && code == 200) {
                reply.complete(new Reply(
                        200,
                        type,
                        new byte[0],
                        this::start,
                        Map.of("x-accel-buffering", "no", "cache-control", "no-cache")));
            }
        }

        private Runnable start(Reply.Sink to) {
            loop.execute(() -> {
                sink = to;
                early.forEach(bytes -> {
                    to.write(bytes);
                    consumed(bytes);
                });
                early.clear();
                if (ended) {
                    to.end();
                }
            });
            return () -> loop.execute(() -> {
                if (stream != null && !ended) {
                    stream.cancel();
                }
            });
        }

        private void consumed(byte[] bytes) {
            if (stream != null) {
                stream.consumed(bytes.length);
            }
        }

        @Override
        public void onBody(ByteBuf content) {
            byte[] bytes = ByteBufUtil.getBytes(content);
            content.release();
            if (streams && status == 200 && sink == null) {
                // Without credit: the node waits as well until somebody reads.
                early.add(bytes);
                return;
            }
            consumed(bytes);
            if (sink != null) {
                sink.write(bytes);
            } else if (body.size() + bytes.length <= MAX_ANSWER) {
                body.writeBytes(bytes);
            }
        }

        @Override
        public void onEnd(HttpHeaders trailers) {
            ended = true;
            if (sink != null) {
                sink.end();
            }
            reply.complete(new Reply(status, type, body.toByteArray()));
        }

        @Override
        public void onFailed(Refusal refusal) {
            ended = true;
            if (sink != null) {
                sink.end();
            }
            reply.complete(Reply.refuse(refusal));
        }

        @Override
        public void onWritable() {}

        @Override
        public void onBatchEnd() {}
    }
}
