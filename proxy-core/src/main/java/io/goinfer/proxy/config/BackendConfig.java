// SPDX-License-Identifier: MIT
package io.goinfer.proxy.config;

import java.net.URI;
import java.net.URISyntaxException;
import org.jspecify.annotations.Nullable;

/**
 * A server that already runs: {@code [NAME=]URL}, or the long form in the file.
 *
 * @param url scheme, host, port; no path
 * @param keyEnv environment variable with its API key
 * @param keyFile file with its API key
 * @param slots requests that it runs at once where it does not tell, 0 = no limit
 */
public record BackendConfig(
        String name,
        URI url,
        @Nullable String keyEnv,
        @Nullable String keyFile,
        int slots) {
    /** @throws IllegalArgumentException with a text for a person; it never repeats user info of the URL */
    public static BackendConfig parse(String text) {
        int equals = text.indexOf('=');
        boolean named = equals > 0
                && !text.substring(0, equals).contains("/")
                && !text.substring(0, equals).contains(":");
        return of(named ? text.substring(0, equals) : "", named ? text.substring(equals + 1) : text, null, null, 0);
    }

    static BackendConfig of(String name, String url, @Nullable String keyEnv, @Nullable String keyFile, int slots) {
        URI uri;
        try {
            uri = new URI(url);
        } catch (URISyntaxException e) {
            throw new IllegalArgumentException("backend URL (expected: http://HOST:PORT): " + e.getReason());
        }
        if (uri.getRawUserInfo() != null) {
            throw new IllegalArgumentException("a key never stands in a backend's URL (expected: key_env or key_file)");
        }
        if (!"http".equals(uri.getScheme()) || uri.getHost() == null) {
            throw new IllegalArgumentException(url + " (expected: http://HOST:PORT)");
        }
        String path = uri.getPath();
        if (path != null && !path.isEmpty() && !path.equals("/") && !path.equals("/v1") && !path.equals("/v1/")) {
            throw new IllegalArgumentException(url + " (expected: no path, http://HOST:PORT)");
        }
        int port = uri.getPort() < 0 ? 80 : uri.getPort();
        return new BackendConfig(
                name.isEmpty() ? uri.getHost() + ":" + port : name,
                URI.create("http://" + uri.getHost() + ":" + port),
                keyEnv,
                keyFile,
                slots);
    }
}
