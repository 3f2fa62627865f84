// SPDX-License-Identifier: MIT
package io.goinfer.proxy.upstream;

/**
 * Why a request gets no answer from a model: status, and OpenAI's {@code type} and {@code code}.
 *
 * @param retryAfterSeconds 0 = no Retry-After
 */
public record Refusal(int status, String type, String code, String message, int retryAfterSeconds) {
    private static final String INVALID = "invalid_request_error";
    private static final String UNAVAILABLE = "unavailable_error";

    public static Refusal invalid(String code, String message) {
        return new Refusal(400, INVALID, code, message, 0);
    }

    public static Refusal unknownModel(String model) {
        return new Refusal(
                404,
                INVALID,
                "model_not_found",
                "model " + quote(model) + " is not known here; GET /v1/models lists what is",
                0);
    }

    public static Refusal modelRequired() {
        return new Refusal(
                404,
                INVALID,
                "model_required",
                "the request names no model; send \"model\", or the header x-goinfer-model",
                0);
    }

    public static Refusal modelNotInPrefix(int limit) {
        return new Refusal(
                413,
                INVALID,
                "model_not_in_prefix",
                "no \"model\" in the first " + limit
                        + " bytes; send \"model\" before \"messages\", or the header x-goinfer-model",
                0);
    }

    public static Refusal tooLarge(long limit) {
        return new Refusal(413, INVALID, "request_too_large", "the body is larger than " + limit + " bytes", 0);
    }

    public static Refusal tooSlow() {
        return new Refusal(408, INVALID, "request_timeout", "the body came too slowly", 0);
    }

    public static Refusal headTooLarge() {
        return new Refusal(431, INVALID, "request_header_fields_too_large", "the request's head is too large", 0);
    }

    public static Refusal nodeOffline(String model) {
        return new Refusal(
                503,
                UNAVAILABLE,
                "node_offline",
                "model " + quote(model) + " is known, but the node or server that has it is away",
                5);
    }

    public static Refusal busy(String model) {
        return new Refusal(503, UNAVAILABLE, "overloaded", "every node with model " + quote(model) + " is full", 1);
    }

    public static Refusal overloaded(String message) {
        return new Refusal(503, UNAVAILABLE, "overloaded", message, 1);
    }

    public static Refusal nodeLost(String message) {
        return new Refusal(502, "server_error", "node_lost", message, 1);
    }

    public static Refusal backendUnreachable(String message) {
        return new Refusal(503, UNAVAILABLE, "backend_unreachable", message, 5);
    }

    public static Refusal internal() {
        return new Refusal(500, "server_error", "internal_error", "a bug; see the log", 0);
    }

    public static Refusal backendFailed(String message) {
        return new Refusal(502, "server_error", "backend_failed", message, 0);
    }

    public static Refusal noKey() {
        return new Refusal(
                401, "authentication_error", "invalid_api_key", "no API key; send Authorization: Bearer KEY", 0);
    }

    public static Refusal wrongKey() {
        return new Refusal(401, "authentication_error", "invalid_api_key", "the API key is not valid here", 0);
    }

    public static Refusal forbidden(String needed) {
        return new Refusal(
                403, "permission_error", "insufficient_permissions", "this needs a key with role " + needed, 0);
    }

    public static Refusal notFound(String path) {
        return new Refusal(404, "not_found_error", "not_found", "nothing is served at " + quote(path), 0);
    }

    public static Refusal methodNotAllowed(String method) {
        return new Refusal(405, INVALID, "method_not_allowed", "method " + quote(method) + " is not allowed here", 0);
    }

    private static String quote(String text) {
        return "'" + (text.length() > 200 ? text.substring(0, 200) + "…" : text) + "'";
    }
}
