/**
 * Measuring: load driver, contenders, reports. Start at {@link io.goinfer.bench.Bench}. Nothing in the program depends on it but the {@code bench} and
 * {@code demo} commands, and tests.
 */
@NullMarked
package io.goinfer.bench;

import org.jspecify.annotations.NullMarked;
