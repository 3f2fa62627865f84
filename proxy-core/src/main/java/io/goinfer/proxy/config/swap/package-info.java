// SPDX-License-Identifier: MIT
/** llama-swap.yml: its values, macros and commands. */
@NullMarked
package io.goinfer.proxy.config.swap;

import org.jspecify.annotations.NullMarked;
