// SPDX-License-Identifier: MIT
package io.goinfer.bench.llama;

import java.time.Duration;

/**
 * How the simulated server behaves.
 *
 * @param model id in lists and answers
 * @param slots requests that run at once; the others wait, first come first served, without a byte
 * @param tokensPerSecond of each running request; 0 = as fast as the socket takes them
 * @param promptTokensPerSecond speed of prompt processing; 0 = at once
 * @param loadTime how long every path answers 503 after the start
 * @param pingInterval silence after which a stream gets {@code :\n\n}; zero = never
 */
public record Simulation(
        String model,
        int slots,
        double tokensPerSecond,
        double promptTokensPerSecond,
        Duration loadTime,
        Duration pingInterval) {
    public static Simulation quick(String model) {
        return new Simulation(model, 4, 0, 0, Duration.ZERO, Duration.ofSeconds(30));
    }

    public Simulation withSlots(int count) {
        return new Simulation(model, count, tokensPerSecond, promptTokensPerSecond, loadTime, pingInterval);
    }

    public Simulation withRate(double tokens) {
        return new Simulation(model, slots, tokens, promptTokensPerSecond, loadTime, pingInterval);
    }

    public Simulation withPromptRate(double tokens) {
        return new Simulation(model, slots, tokensPerSecond, tokens, loadTime, pingInterval);
    }

    public Simulation withLoadTime(Duration time) {
        return new Simulation(model, slots, tokensPerSecond, promptTokensPerSecond, time, pingInterval);
    }
}
