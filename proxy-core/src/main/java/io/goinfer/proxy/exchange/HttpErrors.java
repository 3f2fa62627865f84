// SPDX-License-Identifier: MIT
package io.goinfer.proxy.exchange;

import com.fasterxml.jackson.core.io.JsonStringEncoder;
import io.goinfer.proxy.upstream.Refusal;

/** Refusals in OpenAI's shape, for answers and for the middle of a stream. */
public final class HttpErrors {
    private HttpErrors() {}

    /** {@code {"src":"goinfer","error":{…}}}. */
    public static String json(Refusal refusal) {
        return "{\"src\":\"goinfer\",\"error\":{\"message\":\"" + escape(refusal.message()) + "\",\"type\":\""
                + refusal.type() + "\",\"param\":null,\"code\":\"" + refusal.code() + "\"}}";
    }

    /** Anthropic's paths have their own shape. */
    public static String json(Refusal refusal, String path) {
        return path.startsWith("/v1/messages")
                ? "{\"type\":\"error\",\"error\":{\"type\":\"" + anthropicType(refusal) + "\",\"message\":\""
                        + escape(refusal.message()) + "\"}}"
                : json(refusal);
    }

    /** The API's own error event. */
    public static String event(Refusal refusal, String path) {
        return (path.startsWith("/v1/messages") ? "event: error\n" : "") + "data: " + json(refusal, path) + "\n\n";
    }

    private static String anthropicType(Refusal refusal) {
        return switch (refusal.status()) {
            case 401 -> "authentication_error";
            case 403 -> "permission_error";
            case 404 -> "not_found_error";
            case 413 -> "request_too_large";
            case 429 -> "rate_limit_error";
            case 503 -> "overloaded_error";
            default -> refusal.status() < 500 ? "invalid_request_error" : "api_error";
        };
    }

    public static String escape(String text) {
        return new String(JsonStringEncoder.getInstance().quoteAsString(text));
    }
}
