// SPDX-License-Identifier: MIT
package io.goinfer.proxy.model.local;

import io.goinfer.proxy.upstream.HttpUpstream;
import io.goinfer.proxy.upstream.Refusal;
import io.goinfer.proxy.upstream.RequestHead;
import io.goinfer.proxy.upstream.Upstream;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.channel.EventLoop;
import io.netty.handler.codec.http.HttpHeaders;
import java.io.IOException;
import java.util.Set;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/** The way to this machine's models: waits for the model, then speaks HTTP/1.1 to its server. The body waits with the client. */
public final class LocalUpstream implements Upstream {
    /** What takes a slot of llama-server; everything else passes the queue by. */
    private static final Set<String> INFERENCE = Set.of(
            "/v1/chat/completions",
            "/v1/completions",
            "/v1/responses",
            "/v1/messages",
            "/v1/embeddings",
            "/v1/rerank",
            "/v1/reranking",
            "/v1/audio/transcriptions",
            "/chat/completions",
            "/completion",
            "/completions",
            "/infill",
            "/embedding",
            "/embeddings",
            "/rerank",
            "/reranking");

    /** Largest JSON request of a model with filters. */
    private static final int MAX_FILTERED = 32 << 20;

    private final LocalModels models;

    public LocalUpstream(LocalModels models) {
        this.models = models;
    }

    @Override
    public boolean accepts() {
        return true;
    }

    @Override
    public boolean full() {
        return false;
    }

    @Override
    public Stream open(RequestHead head, String modelId, EventLoop loop, Response response) {
        return new Waiting(head, modelId, loop, response);
    }

    private static boolean takesSlot(RequestHead head) {
        int query = head.path().indexOf('?');
        return head.method().equals("POST")
                && INFERENCE.contains(query < 0 ? head.path() : head.path().substring(0, query));
    }

    private static boolean isJson(RequestHead head) {
        String type = head.headers().get("content-type");
        return head.hasBody() && head.method().equals("POST") && (type == null || type.contains("json"));
    }

    /** Confined to the exchange's loop but for what {@link Waiter.Events} brings. */
    private final class Waiting implements Stream, Waiter.Events, Response {
        private final RequestHead head;
        private final String modelId;
        private final EventLoop loop;
        private final Response response;
        private final CompletionStage<Waiter> waiter;
        private @Nullable Stream inner;
        private final JsonFilter filter;
        private @Nullable ByteBuf whole;
        private HttpUpstream.@Nullable Target granted;
        private boolean ended;
        private boolean over;

        Waiting(RequestHead head, String modelId, EventLoop loop, Response response) {
            this.head = head;
            this.modelId = modelId;
            this.loop = loop;
            this.response = response;
            this.filter = isJson(head) ? models.filter(modelId) : JsonFilter.NONE;
            this.waiter = models.acquire(modelId, takesSlot(head), this);
        }

        // ---- the models' loop

        @Override
        public void granted(HttpUpstream.Target target) {
            loop.execute(() -> {
                if (over) {
                    return;
                }
                granted = target;
                if (!filter.isEmpty()) {
                    filtered();
                    return;
                }
                Stream stream = new HttpUpstream(target).open(head, modelId, loop, this);
                inner = stream;
                if (ended) {
                    stream.end();
                    stream.flush();
                } else {
                    response.onWritable();
                }
            });
        }

        /** Once the body is there and the model too: sends what the filter makes of it. */
        private void filtered() {
            HttpUpstream.Target target = granted;
            if (!ended || target == null || over || inner != null) {
                return;
            }
            byte[] body = whole == null ? new byte[0] : ByteBufUtil.getBytes(whole);
            drop();
            try {
                body = filter.apply(body);
            } catch (IOException e) {
                release();
                response.onFailed(Refusal.invalid("invalid_json", "the model's filters need a JSON object"));
                return;
            }
            HttpHeaders headers = head.headers().copy();
            headers.remove("transfer-encoding");
            headers.set("content-length", Integer.toString(body.length));
            Stream stream = new HttpUpstream(target).open(head.with(headers), modelId, loop, this);
            inner = stream;
            stream.body(Unpooled.wrappedBuffer(body));
            stream.end();
            stream.flush();
        }

        private void drop() {
            if (whole != null) {
                whole.release();
                whole = null;
            }
        }

        @Override
        public void refused(Refusal refusal) {
            loop.execute(() -> {
                if (!over) {
                    over = true;
                    drop();
                    response.onFailed(refusal);
                    response.onBatchEnd();
                }
            });
        }

        // ---- the request

        @Override
        public void body(ByteBuf content) {
            int held = whole == null ? 0 : whole.readableBytes();
            if (inner != null) {
                inner.body(content);
            } else if (over || held + content.readableBytes() > MAX_FILTERED) {
                content.release();
                refused(Refusal.tooLarge(MAX_FILTERED));
                waiter.thenAccept(models::release);
            } else {
                whole = whole == null ? Unpooled.buffer(content.readableBytes()) : whole;
                whole.writeBytes(content);
                content.release();
            }
        }

        @Override
        public void end() {
            ended = true;
            if (inner != null) {
                inner.end();
            } else if (!filter.isEmpty()) {
                filtered();
            }
        }

        @Override
        public void flush() {
            if (inner != null) {
                inner.flush();
            }
        }

        @Override
        public boolean isWritable() {
            // A body that is to be filtered is collected; the limit of JSON bodies bounds it.
            return inner == null ? !filter.isEmpty() && !over : inner.isWritable();
        }

        @Override
        public boolean isWaiting() {
            return inner == null;
        }

        @Override
        public void consumed(int bytes) {
            if (inner != null) {
                inner.consumed(bytes);
            }
        }

        @Override
        public void cancel() {
            release();
            drop();
            if (inner != null) {
                inner.cancel();
            }
        }

        private void release() {
            if (!over) {
                over = true;
                // It has surely been told to the models' loop: whatever it is waiting for ends.
                waiter.thenAccept(models::release);
            }
        }

        // ---- the response

        @Override
        public void onInfo(int status, HttpHeaders headers) {
            response.onInfo(status, headers);
        }

        @Override
        public void onHead(int status, HttpHeaders headers) {
            response.onHead(status, headers);
        }

        @Override
        public void onBody(ByteBuf content) {
            response.onBody(content);
        }

        @Override
        public void onEnd(HttpHeaders trailers) {
            release();
            response.onEnd(trailers);
        }

        @Override
        public void onFailed(Refusal refusal) {
            release();
            response.onFailed(refusal);
        }

        @Override
        public void onWritable() {
            response.onWritable();
        }

        @Override
        public void onBatchEnd() {
            response.onBatchEnd();
        }
    }
}
