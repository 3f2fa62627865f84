/**
 * The wire vocabulary of docs/PROTOCOL.md §4 to §7: frames as values, and the codec. Start at {@link io.goinfer.tunnel.frame.Frame}.
 * Pure but for ByteBuf; no threads, no channels.
 */
@NullMarked
package io.goinfer.tunnel.frame;

import org.jspecify.annotations.NullMarked;
