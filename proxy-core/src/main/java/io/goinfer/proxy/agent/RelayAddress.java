// SPDX-License-Identifier: MIT
package io.goinfer.proxy.agent;

import java.net.URI;
import java.net.URISyntaxException;

/** A relay as a person writes it: {@code https://HOST[:PORT]}. */
public record RelayAddress(String host, int port) {
    private static final int DEFAULT_PORT = 8443;

    /** @throws IllegalArgumentException with a text for a person */
    public static RelayAddress parse(String text) {
        try {
            URI uri = new URI(text.contains("://") ? text : "https://" + text);
            boolean bare = uri.getPath() == null
                    || uri.getPath().isEmpty()
                    || uri.getPath().equals("/");
            if (!"https".equals(uri.getScheme()) || uri.getHost() == null || !bare || uri.getRawUserInfo() != null) {
                throw new IllegalArgumentException(text + " (expected: https://HOST:PORT)");
            }
            int port = uri.getPort() < 0 ? (text.contains("://") ? 443 : DEFAULT_PORT) : uri.getPort();
            return new RelayAddress(uri.getHost().replaceAll("[\\[\\]]", ""), port);
        } catch (URISyntaxException e) {
            throw new IllegalArgumentException(text + " (expected: https://HOST:PORT)");
        }
    }

    /** Name of this relay's folder in the node's state. */
    public String folderName() {
        return host.replace(':', '_') + "_" + port;
    }

    @Override
    public String toString() {
        return "https://" + (host.contains(":") ? "[" + host + "]" : host) + ":" + port;
    }
}
