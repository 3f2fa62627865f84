/**
 * The QUIC transport: HTTP/3, extended CONNECT, relay-opened streams (PROTOCOL.md §2), connection ids and the boot notice (§8). Start at
 * {@link io.goinfer.tunnel.quic.QuicListener} and {@link io.goinfer.tunnel.quic.QuicDialer}. One datagram channel, one event loop.
 */
@NullMarked
package io.goinfer.tunnel.quic;

import org.jspecify.annotations.NullMarked;
