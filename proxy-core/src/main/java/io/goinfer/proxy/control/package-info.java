// SPDX-License-Identifier: MIT
/**
 * What can be asked of, and ordered from, this machine's models over HTTP, whoever asks: a client's connection, or the relay through the tunnel. Start at
 * {@link io.goinfer.proxy.control.ModelControl}. Handlers are called on an event loop and never block.
 */
@NullMarked
package io.goinfer.proxy.control;

import org.jspecify.annotations.NullMarked;
