/**
 * Edges: who speaks to us over HTTP. Start at {@link io.goinfer.proxy.http.EdgePipeline}.
 */
@NullMarked
package io.goinfer.proxy.http;

import org.jspecify.annotations.NullMarked;
