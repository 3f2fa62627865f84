// SPDX-License-Identifier: MIT
package io.goinfer.proxy.model.llama;

import io.goinfer.proxy.json.JsonEdit;
import io.goinfer.proxy.json.JsonTree;
import io.goinfer.proxy.upstream.Upstream.Response;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.IntConsumer;
import org.jspecify.annotations.Nullable;

/**
 * goinfer's {@code POST /infer}: a prompt without a template, every parameter of llama.cpp, its own events. The node makes {@code /completion} of it, or
 * {@code /v1/completions} where the backend is no llama-server.
 */
final class Infer {
    private static final int MAX_STOPS = 10;

    /** Sampling as the original sets it where the request does not. */
    private static final Map<String, String> DEFAULTS = Map.ofEntries(
            Map.entry("temperature", "0.2"),
            Map.entry("top_k", "40"),
            Map.entry("top_p", "0.95"),
            Map.entry("min_p", "0.05"),
            Map.entry("presence_penalty", "0"),
            Map.entry("frequency_penalty", "0"),
            Map.entry("repeat_penalty", "1.0"),
            Map.entry("stop", "[\"</s>\"]"));

    private static final String DEFAULT_TOKENS = "512";

    /** Parameters that are taken and cannot have an effect: llama-server fixes them at its start, or does not know them any more. */
    private static final List<String> IGNORED = List.of("ctx", "threads", "tfs", "images", "audios", "template");

    private final JsonEdit request;
    private final boolean streams;
    private final List<String> ignored = new ArrayList<>();

    private Infer(JsonEdit request) {
        this.request = request;
        this.streams = request.isTrue("stream");
        for (String name : IGNORED) {
            boolean noEffect = request.has(name)
                    && !request.isNull(name)
                    && !"1.0".equals(request.raw(name))
                    && !"1".equals(request.raw(name))
                    && !"[]".equals(request.raw(name));
            if (noEffect) {
                ignored.add(name);
            }
        }
    }

    static Infer of(JsonEdit request) {
        return new Infer(request);
    }

    boolean streams() {
        return streams;
    }

    /** Seconds that the answer may take, 0 = no limit. */
    long timeoutSeconds() {
        return Math.max(0, request.number("timeout").orElse(0));
    }

    /** Null, or what is wrong with the request. */
    @Nullable
    String problem() {
        String prompt = request.text("prompt");
        if (prompt == null || prompt.isEmpty()) {
            return "prompt: expected a text that is not empty";
        }
        String stop = request.raw("stop");
        if (stop != null && !stop.equals("null")) {
            if (!stop.startsWith("[") || request.items("stop") > MAX_STOPS) {
                return "stop: expected a list of at most " + MAX_STOPS + " texts";
            }
        }
        return null;
    }

    String path(boolean llama) {
        return llama ? LlamaPaths.COMPLETION : "/v1/completions";
    }

    /** Always as a stream: who leaves is noticed at the next token. */
    byte[] body(boolean llama) {
        JsonEdit body = new JsonEdit(request.bytes().clone());
        String tokens = body.raw("max_tokens");
        IGNORED.forEach(body::remove);
        body.remove("timeout");
        if (String.valueOf(body.raw("model")).startsWith("{")) {
            // Old clients send {"name", "ctx"}; where it goes is decided.
            body.remove("model");
        }
        DEFAULTS.forEach((name, value) -> {
            if (body.isNull(name)) {
                body.put(name, value);
            }
        });
        if (llama) {
            body.remove("max_tokens");
            if (body.isNull("n_predict")) {
                body.put("n_predict", tokens == null || tokens.equals("null") ? DEFAULT_TOKENS : tokens);
            }
            body.put("return_progress", "true");
        } else if (body.isNull("max_tokens")) {
            body.put("max_tokens", DEFAULT_TOKENS);
        }
        body.put("stream", "true");
        return body.bytes();
    }

    ResponseFilter filter(Response next, IntConsumer consumed) {
        return new InferAnswer(next, consumed, streams, String.join(", ", ignored));
    }

    /** What was generated, by the names of the original's clients. */
    static Map<String, @Nullable Object> result(String text, int tokens, long thinkingNanos, long emitNanos) {
        Map<String, @Nullable Object> result = new LinkedHashMap<>();
        result.put("text", text);
        times(result, "thinkingTime", thinkingNanos);
        times(result, "emitTime", emitNanos);
        times(result, "totalTime", thinkingNanos + emitNanos);
        double perSecond = emitNanos > 0 ? tokens * 1e9 / emitNanos : 0;
        result.put("tokensPerSecond", new JsonTree.Number(String.format(java.util.Locale.ROOT, "%.2f", perSecond)));
        result.put("totalTokens", tokens);
        return result;
    }

    private static void times(Map<String, @Nullable Object> result, String name, long nanos) {
        result.put(name, new JsonTree.Number(String.format(java.util.Locale.ROOT, "%.6f", nanos / 1e9)));
        result.put(name + "Format", format(nanos));
    }

    /** {@code 759ms}, {@code 1.5s}. */
    static String format(long nanos) {
        return nanos < 1_000_000_000L
                ? nanos / 1_000_000 + "ms"
                : String.format(java.util.Locale.ROOT, "%.1fs", nanos / 1e9);
    }
}
