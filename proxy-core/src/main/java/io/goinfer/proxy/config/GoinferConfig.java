// SPDX-License-Identifier: MIT
package io.goinfer.proxy.config;

import io.goinfer.proxy.config.swap.SwapConfig;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** goinfer.yml as values, defaults filled in; every list is a copy. */
public record GoinferConfig(
        Server server, Tls tls, NodeConfig node, ModelsConfig models, Balance balance, Limits limits) {
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

    /** @param standby a TCP session is kept beside a QUIC one */
    public record NodeConfig(
            @Nullable String name,
            List<String> relays,
            Transport transport,
            boolean standby,
            List<BackendConfig> backends) {
        public NodeConfig {
            relays = List.copyOf(relays);
            backends = List.copyOf(backends);
        }
    }

    /**
     * The models of this machine.
     *
     * @param folders to look for GGUF files in
     * @param llamaExe llama-server, "" = the one on the PATH
     * @param commonArgs for every model that was found
     * @param goinferArgs more for the twin of each that /infer uses
     * @param discover false: only the models of llama-swap.yml
     * @param defaultModel for requests that name none, or null
     */
    public record ModelsConfig(
            List<Path> folders,
            String llamaExe,
            List<String> commonArgs,
            List<String> goinferArgs,
            boolean discover,
            @Nullable String defaultModel,
            SwapConfig swap) {
        public ModelsConfig {
            folders = List.copyOf(folders);
            commonArgs = List.copyOf(commonArgs);
            goinferArgs = List.copyOf(goinferArgs);
        }

        /** These models alone. */
        public static ModelsConfig of(SwapConfig swap) {
            return new ModelsConfig(List.of(), "", List.of(), List.of(), true, null, swap);
        }

        public ModelsConfig with(SwapConfig other) {
            return new ModelsConfig(folders, llamaExe, commonArgs, goinferArgs, discover, defaultModel, other);
        }

        /** True when this machine may have models of its own. */
        public boolean any() {
            return discover && !folders.isEmpty() || !swap.models().isEmpty();
        }
    }

    public GoinferConfig with(Server other) {
        return new GoinferConfig(other, tls, node, models, balance, limits);
    }

    public GoinferConfig with(NodeConfig other) {
        return new GoinferConfig(server, tls, other, models, balance, limits);
    }

    public GoinferConfig with(Limits other) {
        return new GoinferConfig(server, tls, node, models, balance, other);
    }

    public GoinferConfig with(ModelsConfig other) {
        return new GoinferConfig(server, tls, node, other, balance, limits);
    }

    /**
     * @param jsonBodyBytes largest JSON request
     * @param bodyBytes largest request of any other type
     * @param selectBytes how much of one request is held back while looking for its model
     * @param connections client connections at once
     * @param connectionsPerAddress of them from one address that is not this machine
     * @param streams exchanges at once on one tunnel
     * @param queue requests that may wait for one found model or backend
     * @param earlyHead after how long of waiting a streaming client gets its 200 and comments, zero = never
     * @param drain how long a shutdown waits for running exchanges
     * @param resume how long an exchange outlives its tunnel session
     */
    public record Limits(
            long jsonBodyBytes,
            long bodyBytes,
            int selectBytes,
            int connections,
            int connectionsPerAddress,
            int streams,
            int queue,
            Duration drain,
            Duration earlyHead,
            Duration resume) {
        public static final Limits DEFAULT = new Limits(
                256L << 20,
                8L << 30,
                32 << 20,
                10_000,
                256,
                1_024,
                256,
                Duration.ofSeconds(30),
                Duration.ofSeconds(10),
                Duration.ofSeconds(60));

        /** Another {@link #resume}. */
        public Limits withResume(Duration window) {
            return new Limits(
                    jsonBodyBytes,
                    bodyBytes,
                    selectBytes,
                    connections,
                    connectionsPerAddress,
                    streams,
                    queue,
                    drain,
                    earlyHead,
                    window);
        }
    }

    public static GoinferConfig defaults() {
        return new GoinferConfig(
                new Server(List.of(), Map.of(), List.of(), null),
                new Tls(null, null),
                new NodeConfig(null, List.of(), Transport.AUTO, true, List.of()),
                ModelsConfig.of(SwapConfig.empty()),
                Balance.DEFAULT,
                Limits.DEFAULT);
    }
}
