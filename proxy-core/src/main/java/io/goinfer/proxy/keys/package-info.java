/**
 * API keys and roles. Start at {@link io.goinfer.proxy.keys.ApiKeys}. Lookups are lock-free; changes are durable and blocking.
 */
@NullMarked
package io.goinfer.proxy.keys;

import org.jspecify.annotations.NullMarked;
