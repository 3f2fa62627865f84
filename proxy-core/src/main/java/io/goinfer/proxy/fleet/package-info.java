/**
 * Who has which model: sessions of nodes and local backends become immutable catalogs. Start at {@link io.goinfer.proxy.fleet.Fleet}.
 */
@NullMarked
package io.goinfer.proxy.fleet;

import org.jspecify.annotations.NullMarked;
