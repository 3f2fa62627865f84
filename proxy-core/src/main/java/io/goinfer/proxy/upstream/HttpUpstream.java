// SPDX-License-Identifier: MIT
package io.goinfer.proxy.upstream;

import io.netty.channel.EventLoop;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * HTTP/1.1 to a backend, a connection an exchange: llama-server closes after SSE, and closing is the only cancel that it knows (docs/decisions/006).
 */
public final class HttpUpstream implements Upstream {
    /**
     * @param address resolved; null while the name cannot be resolved
     * @param authority for the Host field
     * @param basePath stands before every path; "" or {@code /base}
     * @param key the backend's own API key, or null
     * @param there false while it does not answer its polls
     * @param failed told when a connection fails
     * @param connectTimeout,headTimeout zero = none
     */
    public record Target(
            Supplier<@Nullable InetSocketAddress> address,
            String authority,
            String basePath,
            @Nullable String key,
            BooleanSupplier there,
            Runnable failed,
            Duration connectTimeout,
            Duration headTimeout) {
        @Override
        public String toString() {
            return "Target[" + authority + "]";
        }
    }

    private final Target target;

    public HttpUpstream(Target target) {
        this.target = target;
    }

    @Override
    public boolean accepts() {
        return target.there().getAsBoolean();
    }

    @Override
    public boolean full() {
        return false;
    }

    @Override
    public Stream open(RequestHead head, String modelId, EventLoop loop, Response response) {
        BackendConnection connection = new BackendConnection(target, head, response);
        connection.connect(loop);
        return connection;
    }
}
