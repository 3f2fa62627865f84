/**
 * Sessions and exchanges over any {@link io.goinfer.tunnel.wire.Wire}: greeting, flow control, liveness, drain, succession. Start at
 * {@link io.goinfer.tunnel.session.TunnelSession}. Everything is confined to the wire's event loop.
 */
@NullMarked
package io.goinfer.tunnel.session;

import org.jspecify.annotations.NullMarked;
