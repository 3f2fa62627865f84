// SPDX-License-Identifier: MIT
package io.goinfer.proxy.config;

import java.time.Duration;
import java.util.List;

/**
 * Which models share this machine.
 *
 * @param ungrouped who decides about models of no group
 * @param minLoaded no model is unloaded for another before it was loaded so long
 * @param pinned ids that are not unloaded for others, nor by their ttl
 */
public record Balance(Ungrouped ungrouped, Duration minLoaded, List<String> pinned) {
    public static final Balance DEFAULT = new Balance(Ungrouped.BY_KIND, Duration.ZERO, List.of());

    public Balance {
        pinned = List.copyOf(pinned);
    }

    /** How models of no group run together. */
    public enum Ungrouped {
        /** Those of a llama-swap.yml one at a time, those that were found while they fit. */
        BY_KIND,
        /** One at a time. */
        SWAP,
        /** While they fit into the memory. */
        MEMORY
    }
}
