/**
 * The tunnel over one TLS connection, for networks that let no UDP pass: PROTOCOL.md §3. {@link io.goinfer.tunnel.tcp.TcpDialer} on the node,
 * {@link io.goinfer.tunnel.tcp.TcpUpgrade} in the relay's HTTP/1.1 pipeline; behind both the same wire, whose {@code Outgoing} decides who goes first.
 */
@NullMarked
package io.goinfer.tunnel.tcp;

import org.jspecify.annotations.NullMarked;
