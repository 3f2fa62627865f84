// SPDX-License-Identifier: MIT
package io.goinfer.proxy.upstream;

import io.netty.handler.codec.http.HttpHeaders;

/**
 * A request's head, hop-by-hop fields removed. The same at both ends of a tunnel.
 *
 * @param path origin-form with query, as the client sent it
 * @param hasBody false: no body follows
 */
public record RequestHead(String id, String method, String path, HttpHeaders headers, boolean hasBody) {
    public RequestHead with(HttpHeaders other) {
        return new RequestHead(id, method, path, other, hasBody);
    }

    /** Elsewhere at the next hop. */
    public RequestHead at(String other) {
        return new RequestHead(id, method, other, headers, hasBody);
    }
}
