// SPDX-License-Identifier: MIT
package io.goinfer.proxy.model.llama;

import io.goinfer.proxy.json.JsonEdit;

/** How many slots a request takes: its choices times its prompts, or the texts to be embedded or ranked. Pure. */
final class Weight {
    private static final int MAX = 1_000_000;

    private Weight() {}

    static int of(String path, JsonEdit body) {
        long choices = Math.max(1, body.number("n").orElse(body.number("n_cmpl").orElse(1)));
        String plain = LlamaPaths.withoutQuery(path);
        long prompts = switch (plain) {
            case "/v1/embeddings", "/embeddings", "/embedding" ->
                Math.max(prompts(body, "input"), prompts(body, "content"));
            case "/v1/rerank", "/v1/reranking", "/rerank", "/reranking" -> Math.max(1, body.items("documents"));
            default -> prompts(body, "prompt");
        };
        return (int) Math.min(MAX, choices * prompts);
    }

    /** A list of texts or of lists of tokens counts its items; a list of tokens is one prompt. */
    private static long prompts(JsonEdit body, String name) {
        String raw = body.raw(name);
        if (raw == null || !raw.startsWith("[")) {
            return 1;
        }
        String first = raw.substring(1).stripLeading();
        boolean many = first.startsWith("\"") || first.startsWith("[") || first.startsWith("{");
        return many ? Math.max(1, body.items(name)) : 1;
    }
}
