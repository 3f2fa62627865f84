// SPDX-License-Identifier: MIT
package io.goinfer.proxy.upstream;

import io.goinfer.tunnel.frame.Id;
import io.netty.handler.codec.http.HttpHeaders;
import java.util.concurrent.ThreadLocalRandom;

/**
 * A request's head, hop-by-hop fields removed. The same at both ends of a tunnel.
 *
 * @param path origin-form with query, as the client sent it
 * @param exchange the same for every attempt to get it answered
 * @param hasBody false: no body follows; true also for an upgrade, whose body is what the client sends behind the 101
 */
public record RequestHead(String id, Id exchange, String method, String path, HttpHeaders headers, boolean hasBody) {
    public static RequestHead first(String id, String method, String path, HttpHeaders headers, boolean hasBody) {
        // Not secret, only unique for one node identity.
        return new RequestHead(id, Id.random(ThreadLocalRandom.current()), method, path, headers, hasBody);
    }

    /** It asks for a WebSocket: a 101 makes both bodies the new protocol's bytes, and neither has an end but the connection's. */
    public boolean isUpgrade() {
        return headers.contains(HopHeaders.UPGRADE);
    }

    /** It names a path of the model's own server. */
    public boolean isDirect() {
        return headers.contains(HopHeaders.DIRECT);
    }

    /** It reaches its model only if that is loaded. */
    public boolean onlyIfLoaded() {
        return HopHeaders.ONLY_IF_LOADED.equals(headers.get(HopHeaders.DIRECT));
    }

    public RequestHead with(HttpHeaders other) {
        return new RequestHead(id, exchange, method, path, other, hasBody);
    }

    /** Elsewhere at the next hop. */
    public RequestHead at(String other) {
        return new RequestHead(id, exchange, method, other, headers, hasBody);
    }
}
