// SPDX-License-Identifier: MIT
package io.goinfer.proxy.route;

import io.goinfer.proxy.upstream.Upstream;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Where a model can be had: an owner (a node, or a backend of this process), the model's id there, and the way to it. Immutable but for the owner's
 * counters.
 *
 * @param bodyName what stands as {@code model} in the body that goes there
 * @param ready false: it must be loaded first
 * @param loadingState streaming chat clients want to be told how far its load is
 * @param load what its owner says of how busy it is
 * @param retried exchanges that its owner lost and that were sent once more
 */
public record Place(
        String owner,
        String modelId,
        String bodyName,
        boolean ready,
        boolean loadingState,
        Upstream upstream,
        AtomicInteger running,
        AtomicInteger load,
        AtomicInteger retried) {
    /** Requests there, as far as is known: ours, or those that it tells of. */
    int busy() {
        return Math.max(running.get(), load.get());
    }
}
