/**
 * Ways to a backend. Each implements {@link io.goinfer.proxy.upstream.Upstream}; its calls and events are on the exchange's loop.
 */
@NullMarked
package io.goinfer.proxy.upstream;

import org.jspecify.annotations.NullMarked;
