// SPDX-License-Identifier: MIT
package io.goinfer.proxy.model.local;

import io.goinfer.proxy.upstream.HttpUpstream;
import io.goinfer.proxy.upstream.Refusal;
import io.goinfer.proxy.upstream.RequestHead;
import io.goinfer.proxy.upstream.Upstream;
import io.netty.buffer.ByteBuf;
import io.netty.channel.EventLoop;
import io.netty.handler.codec.http.HttpHeaders;
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

    /** Confined to the exchange's loop but for what {@link Waiter.Events} brings. */
    private final class Waiting implements Stream, Waiter.Events, Response {
        private final RequestHead head;
        private final String modelId;
        private final EventLoop loop;
        private final Response response;
        private final CompletionStage<Waiter> waiter;
        private @Nullable Stream inner;
        private boolean ended;
        private boolean over;

        Waiting(RequestHead head, String modelId, EventLoop loop, Response response) {
            this.head = head;
            this.modelId = modelId;
            this.loop = loop;
            this.response = response;
            this.waiter = models.acquire(modelId, takesSlot(head), this);
        }

        // ---- the models' loop

        @Override
        public void granted(HttpUpstream.Target target) {
            loop.execute(() -> {
                if (over) {
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

        @Override
        public void refused(Refusal refusal) {
            loop.execute(() -> {
                if (!over) {
                    over = true;
                    response.onFailed(refusal);
                    response.onBatchEnd();
                }
            });
        }

        // ---- the request

        @Override
        public void body(ByteBuf content) {
            if (inner == null) {
                content.release();
            } else {
                inner.body(content);
            }
        }

        @Override
        public void end() {
            ended = true;
            if (inner != null) {
                inner.end();
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
            return inner != null && inner.isWritable();
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
