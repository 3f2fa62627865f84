/**
 * Event loops, TLS contexts, the machine's names: what everybody stands on.
 */
@NullMarked
package io.goinfer.proxy.net;

import org.jspecify.annotations.NullMarked;
