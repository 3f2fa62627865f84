/**
 * Commands, shutdown, packaging: wiring only. Start at {@link io.goinfer.launcher.Goinfer}. Standard output and error belong to this package.
 */
@NullMarked
package io.goinfer.launcher;

import org.jspecify.annotations.NullMarked;
