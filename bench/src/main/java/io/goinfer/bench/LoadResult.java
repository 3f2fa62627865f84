// SPDX-License-Identifier: MIT
package io.goinfer.bench;

import org.HdrHistogram.Histogram;

/**
 * What a load measured; times in nanoseconds.
 *
 * @param firstToken from the request to its first event
 * @param delay from the backend's write of an event to our read
 */
public record LoadResult(Histogram firstToken, Histogram delay, long events, long errors, double seconds) {}
