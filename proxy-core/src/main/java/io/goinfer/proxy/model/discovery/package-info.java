// SPDX-License-Identifier: MIT
/** Models found in folders of GGUF files. */
@NullMarked
package io.goinfer.proxy.model.discovery;

import org.jspecify.annotations.NullMarked;
