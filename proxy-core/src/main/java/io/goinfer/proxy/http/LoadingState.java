// SPDX-License-Identifier: MIT
package io.goinfer.proxy.http;

import io.goinfer.proxy.json.JsonEdit;

/** What llama-swap tells a chat client that waits for a model, as its model's reasoning. Pure. */
final class LoadingState {
    static final long EVERY_MILLIS = 750;

    private static final String LINE = "━━━━━\n";
    private final long startedAt = System.nanoTime();

    String begin(String model) {
        return delta(LINE) + delta("llama-swap loading model: " + model + "\n");
    }

    String tick() {
        return delta(".");
    }

    String end() {
        double seconds = (System.nanoTime() - startedAt) / 1e9;
        return delta("\n")
                + delta(String.format(java.util.Locale.ROOT, "Done! (%.2fs)\n", seconds))
                + delta(LINE)
                + delta(" \n");
    }

    private static String delta(String text) {
        return "data: {\"choices\":[{\"delta\":{\"reasoning_content\":" + JsonEdit.quote(text) + "}}]}\n\n";
    }
}
