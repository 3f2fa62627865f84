// SPDX-License-Identifier: MIT
package io.goinfer.proxy.model.local;

import io.goinfer.proxy.config.swap.SwapConfig.Filters;
import io.goinfer.proxy.config.swap.SwapConfig.Start;
import io.goinfer.proxy.config.swap.SwapConfig.Timeouts;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One model of this machine, configured or found.
 *
 * @param id what clients call it
 * @param bodyName what its server calls it
 * @param names other names
 * @param start how its server is started and reached
 * @param needBytes of memory; 0 = not known before it ran
 * @param error "" or why it cannot be started
 */
public record LocalModel(
        String id,
        String bodyName,
        List<String> names,
        Start start,
        Rules rules,
        Residency residency,
        Listing listing,
        long needBytes,
        String error) {
    public LocalModel {
        names = List.copyOf(names);
    }

    /**
     * @param filters of JSON requests
     * @param concurrencyLimit requests admitted at once, waiting ones included
     * @param priority the higher is served first
     * @param loadingState streaming chat clients are told how far the load is
     * @param sleep what does not load it
     */
    public record Rules(
            Filters filters,
            int concurrencyLimit,
            int priority,
            boolean loadingState,
            Timeouts timeouts,
            Sleep sleep) {}

    /**
     * How long it stays.
     *
     * @param ttl without a request; zero = for ever
     * @param pinned is not unloaded for others, nor by its ttl
     * @param minLoaded is not unloaded for others before it was loaded so long
     */
    public record Residency(Duration ttl, Duration unloadTimeout, boolean pinned, Duration minLoaded) {}

    /**
     * What lists show.
     *
     * @param metaJson a JSON object or ""
     * @param rowJson members of its row in /v1/models, a JSON object or ""
     * @param path of its file, "" = not known
     * @param bytes of its file, 0 = not known
     */
    public record Listing(
            boolean listed,
            boolean namesListed,
            String name,
            String description,
            String metaJson,
            String rowJson,
            String path,
            long bytes) {}

    /** Value of a flag of the command such as {@code -np}, or "". */
    public String flag(String... flags) {
        List<String> command = start.command();
        for (int i = 0; i + 1 < command.size(); i++) {
            if (List.of(flags).contains(command.get(i))) {
                return command.get(i + 1);
            }
        }
        return "";
    }

    /** The file that a llama-server of this machine is started with; null: it is another program, or names none. */
    public @Nullable Path file() {
        List<String> command = start.command();
        boolean llama = !command.isEmpty()
                && Path.of(command.get(0)).getFileName().toString().contains("llama-server");
        String file = flag("-m", "--model");
        return llama && !file.isEmpty() ? Path.of(file) : null;
    }

    /** The same with what its file told. */
    LocalModel with(Listing other, long need, String problem) {
        return new LocalModel(id, bodyName, names, start, rules, residency, other, need, problem);
    }

    /** Its server already runs: nothing is started here. */
    public boolean external() {
        return start.command().isEmpty();
    }
}
