// SPDX-License-Identifier: MIT
/**
 * What is particular to llama-server (docs/decisions/011): how much of it a request takes, how leaving is made to stop the work, how a stream becomes
 * JSON again. Start at {@link io.goinfer.proxy.model.llama.RequestPlan}.
 */
@NullMarked
package io.goinfer.proxy.model.llama;

import org.jspecify.annotations.NullMarked;
