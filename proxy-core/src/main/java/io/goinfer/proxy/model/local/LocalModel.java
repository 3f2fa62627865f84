// SPDX-License-Identifier: MIT
package io.goinfer.proxy.model.local;

import java.time.Duration;
import java.util.List;
import java.util.Set;

/**
 * One model of this machine, configured or found.
 *
 * @param id what clients call it
 * @param bodyName what its server calls it
 * @param aliases other names
 * @param command words with {@code ${PORT}}; empty: {@code proxy} is a server that already runs
 * @param stopCommand words with {@code ${PID}}; empty = SIGTERM
 * @param proxy base URL, may hold {@code ${PORT}}
 * @param port to be tried first, 0 = any
 * @param checkEndpoint path of the readiness probe, "" = ready at once
 * @param ttl zero = never unloaded
 * @param concurrencyLimit requests admitted at once, waiting ones included
 * @param filter of JSON requests
 * @param needBytes of memory; 0 = not known before it ran
 * @param path of its file, "" = not known
 * @param bytes of its file, 0 = not known
 * @param metaJson what lists show, a JSON object or ""
 * @param error "" or why it cannot be started
 */
public record LocalModel(
        String id,
        String bodyName,
        Set<String> aliases,
        List<String> command,
        List<String> stopCommand,
        String proxy,
        int port,
        List<String> environment,
        String checkEndpoint,
        Duration ttl,
        Duration unloadTimeout,
        boolean listed,
        boolean aliasesListed,
        String name,
        String description,
        int concurrencyLimit,
        JsonFilter filter,
        long needBytes,
        String path,
        long bytes,
        String metaJson,
        String error) {
    public LocalModel {
        aliases = Set.copyOf(aliases);
        command = List.copyOf(command);
        stopCommand = List.copyOf(stopCommand);
        environment = List.copyOf(environment);
    }

    /** Value of a flag of the command such as {@code -np}, or "". */
    public String flag(String... names) {
        for (int i = 0; i + 1 < command.size(); i++) {
            if (List.of(names).contains(command.get(i))) {
                return command.get(i + 1);
            }
        }
        return "";
    }
}
