/**
 * Backends and what they serve. Start at {@link io.goinfer.proxy.model.BackendPoller}.
 */
@NullMarked
package io.goinfer.proxy.model;

import org.jspecify.annotations.NullMarked;
