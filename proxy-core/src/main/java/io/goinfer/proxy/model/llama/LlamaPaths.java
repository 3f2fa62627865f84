// SPDX-License-Identifier: MIT
package io.goinfer.proxy.model.llama;

import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Which of llama-server's paths do what. Pure. */
public final class LlamaPaths {
    /** goinfer's own path; the node makes {@code /completion} of it. */
    public static final String INFER = "/infer";

    static final String COMPLETION = "/completion";

    /** What an answer is made of, where a stream of events can be folded into it. */
    enum Shape {
        CHAT,
        TEXT,
        NATIVE,
        RESPONSES,
        MESSAGES
    }

    private static final Map<String, Shape> GENERATING = Map.of(
            "/v1/chat/completions", Shape.CHAT,
            "/chat/completions", Shape.CHAT,
            "/v1/completions", Shape.TEXT,
            "/completion", Shape.NATIVE,
            "/completions", Shape.NATIVE,
            "/v1/responses", Shape.RESPONSES,
            "/v1/messages", Shape.MESSAGES);

    /** What takes a slot besides; everything else passes the queue by. */
    private static final Set<String> OTHER_INFERENCE = Set.of(
            INFER,
            "/v1/embeddings",
            "/v1/rerank",
            "/v1/reranking",
            "/v1/audio/transcriptions",
            "/infill",
            "/embedding",
            "/embeddings",
            "/rerank",
            "/reranking");

    private LlamaPaths() {}

    static String withoutQuery(String path) {
        int query = path.indexOf('?');
        return query < 0 ? path : path.substring(0, query);
    }

    static @Nullable Shape shape(String path) {
        return GENERATING.get(withoutQuery(path));
    }

    public static boolean takesSlot(String method, String path) {
        String plain = withoutQuery(path);
        return method.equals("POST") && (GENERATING.containsKey(plain) || OTHER_INFERENCE.contains(plain));
    }

    public static boolean isInfer(String path) {
        return withoutQuery(path).equals(INFER);
    }
}
