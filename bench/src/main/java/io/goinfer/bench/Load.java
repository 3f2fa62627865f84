// SPDX-License-Identifier: MIT
package io.goinfer.bench;

import java.time.Duration;

/**
 * One kind of load.
 *
 * @param streams requests at once
 * @param tokens events of each request
 * @param rate events a second of each stream, 0 = as fast as possible
 * @param starts streams that start in a second, open loop: a slow server does not slow the arrivals. 0 = one after the other, each when the one before has ended
 */
public record Load(int streams, int tokens, double rate, double starts, Duration patience) {}
