// SPDX-License-Identifier: MIT
package io.goinfer.proxy.model.llama;

import io.goinfer.proxy.json.JsonEdit;
import io.goinfer.proxy.model.llama.LlamaPaths.Shape;
import io.goinfer.proxy.upstream.Upstream.Response;
import java.util.Set;
import java.util.function.IntConsumer;
import org.jspecify.annotations.Nullable;

/**
 * What is sent to a server instead of what the client sent, and what is made of the answer (docs/decisions/011). Pure.
 *
 * @param path with query
 * @param fold null: the answer is not folded
 */
record RequestPlan(
        String path,
        byte[] body,
        @Nullable Shape fold,
        boolean returnTokens,
        boolean hideProgress,
        @Nullable Infer infer) {
    /** What may stand in a request whose stream is folded: with anything else the answer might have members that folding does not know. */
    private static final Set<String> FOLDABLE = Set.of(
            "model",
            "messages",
            "prompt",
            "input",
            "instructions",
            "system",
            "stream",
            "stream_options",
            "max_tokens",
            "max_completion_tokens",
            "max_output_tokens",
            "n_predict",
            "temperature",
            "dynatemp_range",
            "dynatemp_exponent",
            "top_k",
            "top_p",
            "min_p",
            "top_n_sigma",
            "typical_p",
            "tfs_z",
            "repeat_last_n",
            "repeat_penalty",
            "presence_penalty",
            "frequency_penalty",
            "dry_multiplier",
            "dry_base",
            "dry_allowed_length",
            "dry_penalty_last_n",
            "dry_sequence_breakers",
            "xtc_probability",
            "xtc_threshold",
            "mirostat",
            "mirostat_tau",
            "mirostat_eta",
            "grammar",
            "json_schema",
            "response_format",
            "seed",
            "ignore_eos",
            "logit_bias",
            "min_keep",
            "t_max_predict_ms",
            "id_slot",
            "cache_prompt",
            "return_tokens",
            "samplers",
            "lora",
            "n_keep",
            "n_discard",
            "n_indent",
            "stop",
            "stop_sequences",
            "n",
            "n_probs",
            "logprobs",
            "top_logprobs",
            "response_fields",
            "tools",
            "tool_choice",
            "parallel_tool_calls",
            "parse_tool_calls",
            "chat_template_kwargs",
            "reasoning_format",
            "reasoning_effort",
            "thinking_forced_open",
            "reasoning",
            "add_generation_prompt",
            "continue_final_message",
            "user",
            "metadata",
            "store",
            "service_tier",
            "truncation",
            "thinking",
            "keep_alive",
            "timeout",
            "speculative.n_max",
            "speculative.n_min",
            "speculative.p_min",
            "sse_ping_interval",
            "include",
            "text",
            "anthropic_version",
            "safety_identifier",
            "prompt_cache_key",
            "verbosity",
            "web_search_options",
            "modalities",
            "prediction");

    static RequestPlan asItCame(String path, byte[] body) {
        return new RequestPlan(path, body, null, false, false, null);
    }

    /**
     * @param body a JSON object, filters applied
     * @param llama the server is a llama-server
     */
    static RequestPlan of(String path, JsonEdit body, boolean llama) {
        if (LlamaPaths.isInfer(path)) {
            Infer infer = Infer.of(body);
            return new RequestPlan(infer.path(llama), infer.body(llama), null, false, llama && infer.streams(), infer);
        }
        Shape shape = llama ? LlamaPaths.shape(path) : null;
        if (shape == null) {
            return asItCame(path, body.bytes());
        }
        if (body.isTrue("stream")) {
            boolean hide = !body.has("return_progress") && shape != Shape.MESSAGES;
            if (hide) {
                body.put("return_progress", "true");
            }
            return new RequestPlan(path, body.bytes(), null, false, hide, null);
        }
        if (!foldable(body)) {
            return asItCame(path, body.bytes());
        }
        body.put("stream", "true");
        if (shape != Shape.MESSAGES) {
            body.put("return_progress", "true");
        }
        if (shape == Shape.CHAT || shape == Shape.TEXT) {
            body.put("stream_options", "{\"include_usage\":true}");
        }
        return new RequestPlan(path, body.bytes(), shape, body.isTrue("return_tokens"), false, null);
    }

    private static boolean foldable(JsonEdit body) {
        String stream = body.raw("stream");
        boolean json = stream == null || stream.equals("false");
        boolean one = body.isNull("n") || body.number("n").orElse(0) == 1;
        boolean onePrompt =
                body.isNull("prompt") || !String.valueOf(body.raw("prompt")).matches("(?s)\\[\\s*[\\[\"{].*");
        boolean probabilities = isSet(body, "logprobs") || isSet(body, "top_logprobs") || isSet(body, "n_probs");
        return json
                && one
                && onePrompt
                && !probabilities
                && body.isNull("response_fields")
                && FOLDABLE.containsAll(body.names());
    }

    private static boolean isSet(JsonEdit body, String name) {
        String raw = body.raw(name);
        return raw != null && !raw.equals("null") && !raw.equals("false") && !raw.equals("0");
    }

    /** What the answer goes through; null = nothing. */
    @Nullable
    ResponseFilter filter(Response next, IntConsumer consumed) {
        if (infer != null) {
            return infer.filter(next, consumed);
        }
        if (fold != null) {
            return new Folded(next, consumed, Folders.of(fold, returnTokens));
        }
        return hideProgress ? new ProgressFilter(next, consumed) : null;
    }
}
