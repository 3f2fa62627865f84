// SPDX-License-Identifier: MIT
/** Headers of GGUF files: what lists show and what memory a model needs. */
@NullMarked
package io.goinfer.proxy.model.gguf;

import org.jspecify.annotations.NullMarked;
