// SPDX-License-Identifier: MIT
package io.goinfer.bench;

import java.util.Map;
import org.HdrHistogram.Histogram;

/**
 * What a load measured; times in nanoseconds.
 *
 * @param firstToken from the request to its first event
 * @param delay from the backend's write of an event to our read
 * @param damaged streams that ended well, but without each event once and in order
 * @param longestSilence of any stream, between two of its events
 * @param sinceMark from {@link LoadDriver#mark} to the first event after it, of the slowest stream
 * @param problems what became of the streams that did not complete, and of how many
 */
public record LoadResult(
        Histogram firstToken,
        Histogram delay,
        long events,
        long errors,
        double seconds,
        int damaged,
        long longestSilence,
        long sinceMark,
        Map<String, Integer> problems) {}
