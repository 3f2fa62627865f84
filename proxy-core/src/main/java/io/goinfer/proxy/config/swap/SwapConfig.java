// SPDX-License-Identifier: MIT
package io.goinfer.proxy.config.swap;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * llama-swap.yml as values: macros expanded, defaults filled in. Every collection is a copy.
 *
 * @param models in the order of their ids
 * @param groups as written; a model in none is in llama-swap's {@code (default)} group
 * @param preload ids of models to start at once
 * @param aliasesInList aliases become rows of /v1/models
 * @param apiKeys valid on this process's own listeners; held only to be hashed
 */
public record SwapConfig(
        Duration healthCheckTimeout,
        int startPort,
        Map<String, Model> models,
        List<Group> groups,
        List<String> preload,
        boolean aliasesInList,
        List<String> apiKeys) {
    public SwapConfig {
        models = java.util.Collections.unmodifiableMap(new java.util.TreeMap<>(models));
        groups = List.copyOf(groups);
        preload = List.copyOf(preload);
        apiKeys = List.copyOf(apiKeys);
    }

    @Override
    public String toString() {
        return "SwapConfig[" + models.keySet() + ", groups " + groups + ", " + apiKeys.size() + " keys]";
    }

    /**
     * @param command words; {@code ${PORT}} stays in them until the model starts. Empty: {@code proxy} is a server that already runs
     * @param stopCommand empty = SIGTERM; {@code ${PID}} stays in it
     * @param proxy base URL; may hold {@code ${PORT}}
     * @param port the one that llama-swap would give it; another is taken if that is in use
     * @param checkEndpoint path of the readiness probe, "" = ready at once
     * @param ttl zero = never unloaded
     * @param useModelName what the backend calls it, or null
     * @param stripParams members that are taken out of JSON requests
     * @param setParams members that are put into them, as JSON
     * @param concurrencyLimit requests admitted at once, waiting ones included
     */
    public record Model(
            String id,
            List<String> command,
            List<String> stopCommand,
            String proxy,
            int port,
            Set<String> aliases,
            List<String> environment,
            String checkEndpoint,
            Duration ttl,
            Duration unloadTimeout,
            boolean unlisted,
            @Nullable String useModelName,
            String name,
            String description,
            int concurrencyLimit,
            List<String> stripParams,
            Map<String, String> setParams) {
        public Model {
            command = List.copyOf(command);
            stopCommand = List.copyOf(stopCommand);
            aliases = java.util.Collections.unmodifiableSet(new java.util.LinkedHashSet<>(aliases));
            environment = List.copyOf(environment);
            stripParams = List.copyOf(stripParams);
            setParams = Map.copyOf(setParams);
        }
    }

    /**
     * @param swap one member at a time
     * @param exclusive loading a member unloads the other groups
     * @param persistent no other group unloads its members
     */
    public record Group(String name, boolean swap, boolean exclusive, boolean persistent, Set<String> members) {
        public Group {
            members = Set.copyOf(members);
        }
    }

    public static SwapConfig empty() {
        return new SwapConfig(Duration.ofSeconds(120), 5_800, Map.of(), List.of(), List.of(), false, List.of());
    }
}
