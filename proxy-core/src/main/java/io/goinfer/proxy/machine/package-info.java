// SPDX-License-Identifier: MIT
/** What this machine is and how busy it is: processors, memory, network, accelerators. Everything here blocks. */
@NullMarked
package io.goinfer.proxy.machine;

import org.jspecify.annotations.NullMarked;
