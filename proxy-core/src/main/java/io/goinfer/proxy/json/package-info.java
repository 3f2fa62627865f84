// SPDX-License-Identifier: MIT
/**
 * JSON as bytes: found, cut and put in place without being printed again. Pure; any thread.
 */
@NullMarked
package io.goinfer.proxy.json;

import org.jspecify.annotations.NullMarked;
