// SPDX-License-Identifier: MIT
package io.goinfer.proxy.model.llama;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** {@code keep_alive} of a request as Ollama writes it: seconds, or {@code "5m"}; negative = for ever. Pure. */
final class KeepAlive {
    private KeepAlive() {}

    /** @param json as it stands in the request; null: it is none */
    static @Nullable Duration parse(String json) {
        String text = json.replaceAll("^\"|\"$", "").strip();
        if (!text.matches("-?\\d{1,9}(\\.\\d+)?(ms|s|m|h)?")) {
            return null;
        }
        double value = Double.parseDouble(text.replaceAll("[a-z]", ""));
        double millis = switch (text.replaceAll("[^a-z]", "")) {
            case "ms" -> 1;
            case "m" -> 60_000;
            case "h" -> 3_600_000;
            default -> 1_000;
        };
        return Duration.ofMillis((long) (value * millis));
    }
}
