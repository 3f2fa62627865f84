// SPDX-License-Identifier: MIT
/** The models of this machine: who runs, who waits, who is stopped. */
@NullMarked
package io.goinfer.proxy.model.local;

import org.jspecify.annotations.NullMarked;
