// SPDX-License-Identifier: MIT
package io.goinfer.proxy.control;

import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A request that is answered here.
 *
 * @param path without query, as it was sent
 * @param query by name, decoded; of one name the first counts
 * @param body small
 * @param admin the caller may see commands and files
 */
public record Call(String method, String path, Map<String, String> query, byte[] body, boolean admin) {
    public static Call of(String method, String uri, byte[] body, boolean admin) {
        int at = uri.indexOf('?');
        String path = at < 0 ? uri : uri.substring(0, at);
        Map<String, String> query = new LinkedHashMap<>();
        for (String pair : at < 0 ? new String[0] : uri.substring(at + 1).split("&")) {
            int equals = pair.indexOf('=');
            String name = decoded(equals < 0 ? pair : pair.substring(0, equals));
            query.putIfAbsent(name, equals < 0 ? "" : decoded(pair.substring(equals + 1)));
        }
        return new Call(method, path, query, body, admin);
    }

    private static String decoded(String text) {
        try {
            return URLDecoder.decode(text, StandardCharsets.UTF_8);
        } catch (IllegalArgumentException e) {
            return text;
        }
    }

    public @Nullable String parameter(String name) {
        return query.get(name);
    }

    /** The decoded rest of the path behind a prefix. */
    public String rest(String prefix) {
        return path.length() <= prefix.length()
                ? ""
                : decoded(path.substring(prefix.length()).replace("+", "%2B"));
    }
}
