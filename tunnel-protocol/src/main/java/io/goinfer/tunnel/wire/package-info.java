/**
 * The boundary between sessions and transports: PROTOCOL.md §3. A transport implements {@link io.goinfer.tunnel.wire.Wire} and
 * {@link io.goinfer.tunnel.wire.WireStream}; nothing above knows which one it is. All calls and events on the wire's event loop.
 */
@NullMarked
package io.goinfer.tunnel.wire;

import org.jspecify.annotations.NullMarked;
