// SPDX-License-Identifier: MIT
package io.goinfer.bench;

import java.util.Map;
import org.HdrHistogram.Histogram;

/**
 * What a load measured; times in nanoseconds.
 *
 * @param firstToken from the request to its first event
 * @param delay from the backend's write of an event to our read
 * @param problems what became of the streams that did not complete, and of how many
 */
public record LoadResult(
        Histogram firstToken,
        Histogram delay,
        long events,
        long errors,
        double seconds,
        Map<String, Integer> problems) {}
