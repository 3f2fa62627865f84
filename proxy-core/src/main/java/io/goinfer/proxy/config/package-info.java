/**
 * Configuration as values. Start at {@link io.goinfer.proxy.config.ConfigLoader}. Pure but for reading the file; any thread.
 */
@NullMarked
package io.goinfer.proxy.config;

import org.jspecify.annotations.NullMarked;
