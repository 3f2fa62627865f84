// SPDX-License-Identifier: MIT
package io.goinfer.proxy.config;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** goinfer.yml as values, defaults filled in; every list is a copy. */
public record GoinferConfig(Server server, Tls tls, NodeConfig node, Limits limits) {
    /**
     * @param apiKeys role or service → key, from the file or the environment; held only to be hashed
     */
    public record Server(
            List<Listen> listen,
            Map<String, String> apiKeys,
            List<String> origins,
            @Nullable String publicUrl) {
        public Server {
            listen = List.copyOf(listen);
            apiKeys = Map.copyOf(apiKeys);
            origins = List.copyOf(origins);
        }

        @Override
        public String toString() {
            return "Server[" + listen + ", keys for " + apiKeys.keySet() + ", " + origins + ", " + publicUrl + "]";
        }
    }

    /** Files of the relay's own certificate; both or neither. */
    public record Tls(
            @Nullable String certificate, @Nullable String key) {}

    public record NodeConfig(@Nullable String name, List<String> relays, List<BackendConfig> backends) {
        public NodeConfig {
            relays = List.copyOf(relays);
            backends = List.copyOf(backends);
        }
    }

    /**
     * @param jsonBodyBytes largest JSON request
     * @param bodyBytes largest request of any other type
     * @param selectBytes how much of one request is held back while looking for its model
     * @param connections client connections at once
     * @param streams exchanges at once on one tunnel
     * @param drain how long a shutdown waits for running exchanges
     */
    public record Limits(
            long jsonBodyBytes, long bodyBytes, int selectBytes, int connections, int streams, Duration drain) {
        public static final Limits DEFAULT =
                new Limits(256L << 20, 8L << 30, 32 << 20, 10_000, 1_024, Duration.ofSeconds(30));
    }

    public static GoinferConfig defaults() {
        return new GoinferConfig(
                new Server(List.of(), Map.of(), List.of(), null),
                new Tls(null, null),
                new NodeConfig(null, List.of(), List.of()),
                Limits.DEFAULT);
    }
}
