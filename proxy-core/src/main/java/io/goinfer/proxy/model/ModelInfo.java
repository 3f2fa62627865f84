// SPDX-License-Identifier: MIT
package io.goinfer.proxy.model;

/**
 * One model as its backend or node describes it.
 *
 * @param id what clients call it
 * @param ownId what the backend calls it
 * @param created seconds since 1970, 0 = unknown
 * @param metaJson a JSON object, or ""
 */
public record ModelInfo(String id, String ownId, long created, String metaJson) {}
