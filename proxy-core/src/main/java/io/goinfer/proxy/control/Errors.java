// SPDX-License-Identifier: MIT
package io.goinfer.proxy.control;

import com.fasterxml.jackson.core.io.JsonStringEncoder;
import io.goinfer.proxy.upstream.Refusal;

/** Refusals in the shape of the API that was called, for answers and for the middle of a stream. */
public final class Errors {
    private Errors() {}

    /** {@code {"src":"goinfer","error":{…}}}. */
    public static String json(Refusal refusal) {
        return "{\"src\":\"goinfer\",\"error\":{\"message\":\"" + escape(refusal.message()) + "\",\"type\":\""
                + refusal.type() + "\",\"param\":null,\"code\":\"" + refusal.code() + "\"}}";
    }

    /** Anthropic's paths have their own shape, and so has goinfer's own. */
    public static String json(Refusal refusal, String path) {
        if (path.startsWith("/infer")) {
            return "{\"message\":\"" + escape(refusal.message()) + "\",\"code\":" + goinferCode(refusal) + "}";
        }
        return path.startsWith("/v1/messages")
                ? "{\"type\":\"error\",\"error\":{\"type\":\"" + anthropicType(refusal) + "\",\"message\":\""
                        + escape(refusal.message()) + "\"}}"
                : json(refusal);
    }

    /** The API's own error event. */
    public static String event(Refusal refusal, String path) {
        return (path.startsWith("/v1/messages") ? "event: error\n" : "") + "data: " + json(refusal, path) + "\n\n";
    }

    /** The numbers of the original's clients. */
    private static int goinferCode(Refusal refusal) {
        return switch (refusal.status()) {
            case 404, 405 -> -32_144;
            case 408 -> -32_145;
            case 500 -> -32_146;
            case 502, 503, 504 -> -32_147;
            default -> refusal.status() < 500 ? -32_149 : -32_146;
        };
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
