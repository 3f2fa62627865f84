/**
 * One request and its response: start at {@link io.goinfer.proxy.exchange.Exchange}. Confined to the downstream end's event loop.
 */
@NullMarked
package io.goinfer.proxy.exchange;

import org.jspecify.annotations.NullMarked;
