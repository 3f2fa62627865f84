/**
 * Relay and node. {@link io.goinfer.proxy.Relay} and {@link io.goinfer.proxy.Node} build their object tree top to bottom: the wiring is the map.
 */
@NullMarked
package io.goinfer.proxy;

import org.jspecify.annotations.NullMarked;
