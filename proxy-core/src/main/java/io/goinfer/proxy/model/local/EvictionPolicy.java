// SPDX-License-Identifier: MIT
package io.goinfer.proxy.model.local;

import java.util.Collection;
import java.util.List;

/** Who must go so that a model can be loaded. Pure. */
public interface EvictionPolicy {
    /**
     * A model that is loading or loaded.
     *
     * @param usedAt {@code System.nanoTime()} of its last use
     * @param needBytes 0 = unknown
     */
    record Running(String id, long usedAt, boolean busy, long needBytes) {}

    /** Ids out of {@code running}, which may hold the target itself: empty = it can be loaded beside them. */
    List<String> evict(String target, long needBytes, Collection<Running> running);

    /** True if it is loaded by what memory there is: after others were stopped for it, their memory must really be free. */
    default boolean byMemory(String target) {
        return false;
    }
}
