// SPDX-License-Identifier: MIT
package io.goinfer.proxy.http;

import io.goinfer.proxy.keys.ApiKey;
import io.goinfer.proxy.keys.ApiKeys;
import io.goinfer.proxy.keys.Role;
import io.goinfer.proxy.upstream.HopHeaders;
import io.goinfer.proxy.upstream.Refusal;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpRequest;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** Who a request claims to be, and which web pages may read the answer. Pure. */
final class Access {
    private Access() {}

    /** The key of {@code Authorization: Bearer}, {@code x-api-key} or {@code Authorization: Basic} (either part); null = none was sent. */
    static @Nullable String key(HttpHeaders headers) {
        String authorization = headers.get("authorization");
        if (authorization != null) {
            int space = authorization.indexOf(' ');
            String scheme = space < 0 ? "" : authorization.substring(0, space).toLowerCase(Locale.ROOT);
            String rest = authorization.substring(space + 1).strip();
            String named = scheme.equals("basic") ? basic(rest) : rest;
            if (named != null) {
                return named;
            }
        }
        return headers.get("x-api-key");
    }

    /** Null: it cannot be read. */
    private static @Nullable String basic(String encoded) {
        try {
            String pair = new String(Base64.getDecoder().decode(encoded), StandardCharsets.UTF_8);
            int colon = pair.indexOf(':');
            String password = colon < 0 ? "" : pair.substring(colon + 1);
            return password.isEmpty() ? pair.substring(0, Math.max(0, colon)) : password;
        } catch (IllegalArgumentException e) {
            return null;
        }
    }

    /** What came of looking at a request's key: a refusal, or who calls. */
    record Verdict(@Nullable Refusal refusal, ApiKey key) {}

    /** What needs no waiting is answered first. @param role that the request needs */
    static Verdict check(EdgeRules rules, Endpoint endpoint, Role role, HttpRequest head) {
        String method = head.method().name();
        ApiKeys keys = rules.keys();
        ApiKey key = ApiKey.ANYBODY;
        if (HopHeaders.asksForWebSocket(head.headers()) && !mayOpenWebSocket(rules.origins(), head.headers())) {
            return new Verdict(
                    new Refusal(
                            403,
                            "permission_error",
                            "origin_not_allowed",
                            "this page may not open a WebSocket here; name its origin in server.origins",
                            0),
                    key);
        }
        if (role != Role.NONE) {
            if (keys == null && !isLocalHost(head.headers().get("host"))) {
                return new Verdict(
                        new Refusal(
                                403,
                                "permission_error",
                                "host_not_allowed",
                                "without API keys only localhost is served",
                                0),
                        key);
            }
            String text = key(head.headers());
            ApiKey found = find(keys, text);
            if (found == null) {
                return new Verdict(text == null ? Refusal.noKey() : Refusal.wrongKey(), key);
            }
            key = found;
            if (!key.role().includes(role)) {
                return new Verdict(Refusal.forbidden(role.name().toLowerCase(Locale.ROOT)), key);
            }
        }
        boolean allowed = endpoint.methods().isEmpty() || endpoint.methods().contains(method);
        boolean never = method.equals("CONNECT") || method.equals("TRACE");
        return new Verdict(allowed && !never ? null : Refusal.methodNotAllowed(method), key);
    }

    static @Nullable ApiKey find(@Nullable ApiKeys keys, @Nullable String text) {
        if (keys == null) {
            return ApiKey.ANYBODY;
        }
        return text == null ? null : keys.find(text).orElse(null);
    }

    /** CORS does not protect WebSockets: a foreign page could use a server that needs no key. */
    private static boolean mayOpenWebSocket(List<String> origins, HttpHeaders headers) {
        String origin = headers.get("origin");
        String host = headers.get("host");
        return origin == null
                || allows(origins, origin)
                || host != null && (origin.equals("http://" + host) || origin.equals("https://" + host));
    }

    /** An entry is an exact origin, {@code *}, or a host that stands for every scheme and port. */
    static boolean allows(List<String> origins, @Nullable String origin) {
        if (origin == null) {
            return false;
        }
        String host = hostOf(origin);
        for (String entry : origins) {
            if (entry.equals("*")
                    || entry.equalsIgnoreCase(origin)
                    || !entry.contains("://") && entry.equalsIgnoreCase(host)) {
                return true;
            }
        }
        return false;
    }

    /** Against DNS rebinding where no key is needed: the Host field must name this machine. */
    static boolean isLocalHost(@Nullable String host) {
        if (host == null) {
            return true;
        }
        String name = hostOf("http://" + host);
        return name.equals("localhost")
                || name.endsWith(".localhost")
                || name.startsWith("127.")
                || name.equals("[::1]");
    }

    private static String hostOf(String origin) {
        try {
            String host = new URI(origin).getHost();
            return host == null ? "" : host.toLowerCase(Locale.ROOT);
        } catch (URISyntaxException e) {
            return "";
        }
    }
}
