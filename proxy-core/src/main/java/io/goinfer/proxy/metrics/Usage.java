// SPDX-License-Identifier: MIT
package io.goinfer.proxy.metrics;

import io.goinfer.proxy.json.JsonTree;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What an answer says that it cost, with llama-swap's names; -1 = not known. Read from the end of an answer: the last events of a stream, or the last
 * members of a JSON answer.
 */
public record Usage(
        long cacheTokens,
        long draftTokens,
        long draftAccepted,
        long inputTokens,
        long outputTokens,
        double promptPerSecond,
        double tokensPerSecond,
        double millis) {
    public static final Usage UNKNOWN = new Usage(-1, -1, -1, 0, 0, -1, -1, 0);

    private static final List<String> OBJECTS = List.of("usage", "timings", "metrics");

    /** @param tail the last bytes of the body */
    public static Usage read(byte[] tail, boolean stream) {
        String text = new String(tail, StandardCharsets.UTF_8);
        Usage usage = UNKNOWN;
        if (stream) {
            for (String line : text.split("\n")) {
                // Most are tokens, and the last is [DONE].
                if (line.startsWith("data:") && OBJECTS.stream().anyMatch(name -> line.contains('"' + name + '"'))) {
                    usage = usage.with(object(line.substring(5).strip()));
                }
            }
            return usage;
        }
        // The beginning may be cut off: what is looked for stands at the end, each with its own braces.
        Map<String, @Nullable Object> found = new java.util.LinkedHashMap<>();
        for (String name : OBJECTS) {
            int at = text.lastIndexOf("\"" + name + "\":");
            int start = at < 0 ? -1 : text.indexOf('{', at);
            int end = start < 0 ? -1 : closing(text, start);
            if (end > 0) {
                found.put(name, object(text.substring(start, end)));
            }
        }
        return usage.with(found);
    }

    private static int closing(String text, int start) {
        int depth = 0;
        for (int i = start; i < text.length(); i++) {
            char c = text.charAt(i);
            depth += c == '{' ? 1 : c == '}' ? -1 : 0;
            if (depth == 0) {
                return i + 1;
            }
        }
        return -1;
    }

    private static Map<String, @Nullable Object> object(String json) {
        try {
            return JsonTree.object(json.getBytes(StandardCharsets.UTF_8));
        } catch (IOException e) {
            return Map.of();
        }
    }

    private Usage with(Map<String, @Nullable Object> event) {
        Map<String, @Nullable Object> usage = JsonTree.map(event.get("usage"));
        if (usage.isEmpty()) {
            usage = JsonTree.map(JsonTree.map(event.get("response")).get("usage"));
        }
        if (usage.isEmpty()) {
            usage = JsonTree.map(JsonTree.map(event.get("message")).get("usage"));
        }
        long input = later(first(usage, "prompt_tokens", "input_tokens"), inputTokens);
        long output = later(first(usage, "completion_tokens", "output_tokens"), outputTokens);
        long cached = first(usage, "cache_read_input_tokens", "");
        for (String details : List.of("input_tokens_details", "prompt_tokens_details")) {
            long nested = first(JsonTree.map(usage.get(details)), "cached_tokens", "");
            cached = cached < 0 ? nested : cached;
        }
        Usage merged = new Usage(
                cached >= 0 ? cached : cacheTokens,
                draftTokens,
                draftAccepted,
                input,
                output,
                promptPerSecond,
                tokensPerSecond,
                millis);
        Map<String, @Nullable Object> timings = JsonTree.map(event.get("timings"));
        return timings.isEmpty() ? merged.vllm(JsonTree.map(event.get("metrics"))) : merged.llama(timings);
    }

    private Usage llama(Map<String, @Nullable Object> timings) {
        boolean drafts = timings.containsKey("draft_n") && timings.containsKey("draft_n_accepted");
        return new Usage(
                JsonTree.number(timings.get("cache_n"), cacheTokens),
                drafts ? JsonTree.number(timings.get("draft_n"), -1) : draftTokens,
                drafts ? JsonTree.number(timings.get("draft_n_accepted"), -1) : draftAccepted,
                JsonTree.number(timings.get("prompt_n"), inputTokens),
                JsonTree.number(timings.get("predicted_n"), outputTokens),
                decimal(timings.get("prompt_per_second"), promptPerSecond),
                decimal(timings.get("predicted_per_second"), tokensPerSecond),
                decimal(timings.get("prompt_ms"), 0) + decimal(timings.get("predicted_ms"), 0));
    }

    private Usage vllm(Map<String, @Nullable Object> metrics) {
        double first = decimal(metrics.get("time_to_first_token_ms"), 0);
        double between = decimal(metrics.get("mean_itl_ms"), 0);
        Map<String, @Nullable Object> drafts = JsonTree.map(metrics.get("speculative_decoding"));
        boolean both = drafts.containsKey("num_draft_tokens") && drafts.containsKey("num_accepted_draft_tokens");
        return new Usage(
                cacheTokens,
                both ? JsonTree.number(drafts.get("num_draft_tokens"), -1) : draftTokens,
                both ? JsonTree.number(drafts.get("num_accepted_draft_tokens"), -1) : draftAccepted,
                inputTokens,
                outputTokens,
                first > 0 ? (inputTokens - Math.max(0, cacheTokens)) / (first / 1000) : promptPerSecond,
                between > 0 ? 1000 / between : tokensPerSecond,
                millis);
    }

    private static long later(long value, long before) {
        return value > 0 ? value : before;
    }

    private static long first(Map<String, @Nullable Object> map, String name, String other) {
        return JsonTree.number(map.get(name), other.isEmpty() ? -1 : JsonTree.number(map.get(other), -1));
    }

    private static double decimal(@Nullable Object value, double standard) {
        return value instanceof JsonTree.Number number ? number.asDouble() : standard;
    }
}
