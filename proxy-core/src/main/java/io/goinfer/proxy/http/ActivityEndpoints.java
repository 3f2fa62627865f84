// SPDX-License-Identifier: MIT
package io.goinfer.proxy.http;

import io.goinfer.proxy.control.Call;
import io.goinfer.proxy.control.Reply;
import io.goinfer.proxy.json.JsonTree;
import io.goinfer.proxy.metrics.Activity;
import io.goinfer.proxy.metrics.Activity.Row;
import io.goinfer.proxy.metrics.Captures;
import io.goinfer.proxy.upstream.Refusal;
import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletionStage;
import java.util.function.ToDoubleFunction;
import org.jspecify.annotations.Nullable;

/** llama-swap's API of the requests that were, from memory. */
final class ActivityEndpoints {
    private static final int MAX_LIMIT = 999;
    private static final int DEFAULT_LIMIT = 25;
    private static final int MIN_BINS = 5;
    private static final int MAX_BINS = 20;

    private static final Map<String, Comparator<Row>> SORTS = Map.ofEntries(
            Map.entry("id", Comparator.comparingLong(Row::id)),
            Map.entry("time", Comparator.comparing(Row::time)),
            Map.entry("model", Comparator.comparing(Row::model)),
            Map.entry("req_path", Comparator.comparing(Row::path)),
            Map.entry("resp_status_code", Comparator.comparingInt(Row::status)),
            Map.entry("resp_content_type", Comparator.comparing(Row::contentType)),
            Map.entry("cached", Comparator.comparingLong(row -> row.usage().cacheTokens())),
            Map.entry("prompt", Comparator.comparingLong(row -> row.usage().inputTokens())),
            Map.entry("generated", Comparator.comparingLong(row -> row.usage().outputTokens())),
            Map.entry("drafted", Comparator.comparingLong(row -> row.usage().draftTokens())),
            Map.entry(
                    "prompt_speed",
                    Comparator.comparingDouble(row -> row.usage().promptPerSecond())),
            Map.entry("gen_speed", Comparator.comparingDouble(row -> row.usage().tokensPerSecond())),
            Map.entry("duration", Comparator.comparingLong(Row::millis)));

    private final Activity activity;
    private final Captures captures;

    ActivityEndpoints(Activity activity, Captures captures) {
        this.activity = activity;
        this.captures = captures;
    }

    /** As version 0.162 had it. */
    Reply flat() {
        return Reply.json(activity.rows().stream().map(Row::flat).toList());
    }

    Reply page(Call call) {
        try {
            int limit = (int) number(call, "limit", DEFAULT_LIMIT, 1, MAX_LIMIT);
            long page = number(call, "page", 1, 1, Integer.MAX_VALUE);
            String sort = call.query().getOrDefault("sort", "id");
            String order = call.query().getOrDefault("order", "desc");
            Comparator<Row> comparator = SORTS.get(sort);
            if (comparator == null || !order.equals("asc") && !order.equals("desc")) {
                throw new IllegalArgumentException("sort " + sort + ", order " + order + " (expected: one of "
                        + SORTS.keySet().stream().sorted().toList() + ", asc or desc)");
            }
            List<Row> rows = new ArrayList<>(filtered(call));
            rows.sort(order.equals("asc") ? comparator : comparator.reversed());
            long skipped = (page - 1) * limit;
            Map<String, @Nullable Object> answer = new LinkedHashMap<>();
            answer.put(
                    "data",
                    rows.stream().skip(skipped).limit(limit).map(Row::json).toList());
            answer.put("page", page);
            answer.put("limit", limit);
            answer.put("total", rows.size());
            answer.put("total_pages", (rows.size() + limit - 1) / limit);
            return Reply.json(answer);
        } catch (IllegalArgumentException e) {
            return Reply.refuse(Refusal.invalid("bad_request", String.valueOf(e.getMessage())));
        }
    }

    private List<Row> filtered(Call call) {
        String model = call.parameter("model");
        Instant start = time(call, "start", Instant.MIN);
        Instant end = time(call, "end", Instant.MAX);
        long min = number(call, "min_id", 1, 1, Long.MAX_VALUE);
        long max = number(call, "max_id", Long.MAX_VALUE, 1, Long.MAX_VALUE);
        return activity.rows().stream()
                .filter(row -> model == null || row.model().equals(model))
                .filter(row -> !row.time().isBefore(start) && !row.time().isAfter(end))
                .filter(row -> row.id() >= min && row.id() <= max)
                .toList();
    }

    private static long number(Call call, String name, long standard, long min, long max) {
        String text = call.parameter(name);
        if (text == null) {
            return standard;
        }
        if (!text.matches("\\d{1,18}") || Long.parseLong(text) < min || Long.parseLong(text) > max) {
            throw new IllegalArgumentException(name + ": " + text + " (expected: " + min + " to " + max + ")");
        }
        return Long.parseLong(text);
    }

    private static Instant time(Call call, String name, Instant standard) {
        String text = call.parameter(name);
        try {
            return text == null
                    ? standard
                    : java.time.OffsetDateTime.parse(text).toInstant();
        } catch (DateTimeParseException e) {
            throw new IllegalArgumentException(name + ": " + text + " (expected: RFC 3339)", e);
        }
    }

    Reply stats(Call call) {
        List<Row> rows = filtered(new Call(
                call.method(),
                call.path(),
                call.parameter("model") == null
                        ? Map.of()
                        : Map.of("model", call.query().getOrDefault("model", "")),
                call.body(),
                call.admin()));
        Map<String, @Nullable Object> answer = new LinkedHashMap<>();
        answer.put("total_requests", rows.size());
        answer.put(
                "total_input_tokens",
                rows.stream().mapToLong(row -> row.usage().inputTokens()).sum());
        answer.put(
                "total_output_tokens",
                rows.stream().mapToLong(row -> row.usage().outputTokens()).sum());
        answer.put(
                "total_cache_tokens",
                rows.stream()
                        .mapToLong(row -> Math.max(0, row.usage().cacheTokens()))
                        .sum());
        answer.put("prompt_histogram", histogram(rows, row -> row.usage().promptPerSecond()));
        answer.put("gen_histogram", histogram(rows, row -> row.usage().tokensPerSecond()));
        return Reply.json(answer);
    }

    /** Null without values above zero. */
    private static @Nullable Map<String, @Nullable Object> histogram(List<Row> rows, ToDoubleFunction<Row> value) {
        double[] sorted =
                rows.stream().mapToDouble(value).filter(one -> one > 0).sorted().toArray();
        if (sorted.length == 0) {
            return null;
        }
        double min = sorted[0];
        double max = sorted[sorted.length - 1];
        int wanted = (int) Math.ceil(Math.log(sorted.length) / Math.log(2)) + 1;
        int count = min == max ? 1 : Math.max(MIN_BINS, Math.min(MAX_BINS, wanted));
        double size = min == max ? 0 : (max - min) / count;
        int[] bins = new int[count];
        for (double one : sorted) {
            bins[size == 0 ? 0 : Math.min(count - 1, (int) ((one - min) / size))]++;
        }
        Map<String, @Nullable Object> histogram = new LinkedHashMap<>();
        histogram.put("bins", java.util.Arrays.stream(bins).boxed().toList());
        histogram.put("min", decimal(min));
        histogram.put("max", decimal(max));
        histogram.put("binSize", decimal(size));
        histogram.put("p50", decimal(percentile(sorted, 0.50)));
        histogram.put("p95", decimal(percentile(sorted, 0.95)));
        histogram.put("p99", decimal(percentile(sorted, 0.99)));
        return histogram;
    }

    private static double percentile(double[] sorted, double share) {
        double at = share * (sorted.length - 1);
        int low = (int) at;
        int high = Math.min(sorted.length - 1, low + 1);
        return sorted[low] + (sorted[high] - sorted[low]) * (at - low);
    }

    private static JsonTree.Number decimal(double value) {
        return new JsonTree.Number(Double.toString(value));
    }

    CompletionStage<Reply> capture(Call call) {
        String id = call.rest("/api/captures/");
        if (!id.matches("\\d{1,18}")) {
            return Reply.refuse(Refusal.invalid("bad_request", "capture id: " + id + " (expected: a number)"))
                    .now();
        }
        return captures.find(Long.parseLong(id))
                .thenApply(found -> found.map(capture -> shown(id, capture))
                        .orElseGet(() -> Reply.refuse(
                                new Refusal(404, "invalid_request_error", "not_found", "no capture " + id, 0))));
    }

    private static Reply shown(String id, Captures.Capture capture) {
        Map<String, @Nullable Object> answer = new LinkedHashMap<>();
        answer.put("id", Long.parseLong(id));
        answer.put("req_path", capture.path());
        answer.put("req_headers", capture.requestHeaders());
        answer.put("req_body", Base64.getEncoder().encodeToString(capture.request()));
        answer.put("resp_headers", capture.responseHeaders());
        answer.put("resp_body", Base64.getEncoder().encodeToString(capture.response()));
        return Reply.json(answer);
    }
}
