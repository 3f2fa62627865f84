/**
 * Decisions: which model a request wants, where it goes. Pure; confined to the caller.
 */
@NullMarked
package io.goinfer.proxy.route;

import org.jspecify.annotations.NullMarked;
