// SPDX-License-Identifier: MIT
/** llama-server processes: guardian, readiness, logs, ports. */
@NullMarked
package io.goinfer.proxy.model.process;

import org.jspecify.annotations.NullMarked;
