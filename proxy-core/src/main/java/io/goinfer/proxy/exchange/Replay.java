// SPDX-License-Identifier: MIT
package io.goinfer.proxy.exchange;

import io.goinfer.proxy.net.ByteBudget;
import io.goinfer.proxy.upstream.RequestHead;
import io.netty.buffer.ByteBuf;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/**
 * A request's body as it came, kept until the answer begins, so that the request can be sent once more elsewhere. Only of requests that change nothing:
 * GET, and POST to the inference paths. Confined to the exchange's loop.
 */
final class Replay {
    private static final int MAX_BYTES = 256 << 10;
    private static final Set<String> INFERENCE = Set.of(
            "/chat/completions",
            "/completions",
            "/embeddings",
            "/messages",
            "/messages/count_tokens",
            "/responses",
            "/rerank",
            "/reranking",
            "/completion",
            "/embedding",
            "/infill",
            "/tokenize",
            "/detokenize",
            "/apply-template");

    private final ByteBudget budget;
    private final List<ByteBuf> pieces = new ArrayList<>();
    private long bytes;
    private boolean whole;

    Replay(ByteBudget budget, RequestHead request) {
        this.budget = budget;
        this.whole = changesNothing(request.method(), request.path());
    }

    private static boolean changesNothing(String method, String path) {
        int query = path.indexOf('?');
        String plain = query < 0 ? path : path.substring(0, query);
        String own = plain.startsWith("/v1/") ? plain.substring(3) : plain;
        return method.equals("GET") || method.equals("POST") && INFERENCE.contains(own);
    }

    /** Borrows {@code content}. */
    void keep(ByteBuf content) {
        int size = content.readableBytes();
        if (!whole) {
            return;
        }
        if (bytes + size > MAX_BYTES || !budget.reserve(size)) {
            close();
            return;
        }
        bytes += size;
        pieces.add(content.retainedDuplicate());
    }

    /** All that came so far is here. */
    boolean isWhole() {
        return whole;
    }

    /** Moves what is kept into {@code body}, reserved there. There is no second time. */
    void into(HeldBody body) {
        body.close();
        pieces.forEach(body::add);
        body.take(bytes);
        pieces.clear();
        close();
    }

    /** Idempotent. */
    void close() {
        whole = false;
        pieces.forEach(ByteBuf::release);
        pieces.clear();
        budget.release(bytes);
        bytes = 0;
    }
}
