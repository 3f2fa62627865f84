/**
 * Flow control by absolute offsets: PROTOCOL.md §6.5. Pure values and counters, confined to the session's event loop by their owner.
 */
@NullMarked
package io.goinfer.tunnel.flow;

import org.jspecify.annotations.NullMarked;
