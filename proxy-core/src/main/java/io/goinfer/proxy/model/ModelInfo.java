// SPDX-License-Identifier: MIT
package io.goinfer.proxy.model;

/**
 * One model as its backend or node describes it.
 *
 * @param id what clients call it
 * @param ownId what the next hop knows it by
 * @param bodyName what stands as {@code model} in the body that the next hop gets
 * @param created seconds since 1970, 0 = unknown
 * @param metaJson a JSON object, or ""
 * @param state loaded, loading, unloaded; UNKNOWN for servers that do not tell
 * @param listed false: it can be called but stands in no list
 * @param rowJson more members of its row in /v1/models, a JSON object or ""
 * @param loadingState streaming chat clients want to be told how far its load is
 */
public record ModelInfo(
        String id,
        String ownId,
        String bodyName,
        long created,
        String metaJson,
        State state,
        boolean listed,
        String rowJson,
        boolean loadingState) {
    /** Words of /v1/models' {@code status.value}. */
    public enum State {
        UNKNOWN,
        UNLOADED,
        LOADING,
        LOADED
    }

    /** Of a server that already runs. */
    public ModelInfo(String id, String ownId, long created, String metaJson) {
        this(id, ownId, ownId, created, metaJson, State.UNKNOWN, true, "", false);
    }
}
