/**
 * Counters, histograms, the access log. Any thread.
 */
@NullMarked
package io.goinfer.proxy.metrics;

import org.jspecify.annotations.NullMarked;
