// SPDX-License-Identifier: MIT
package io.goinfer.proxy.config;

/**
 * One thing that is wrong, or odd, in a configuration.
 *
 * @param line from 1; 0 if it is not from a file
 * @param fatal false: a warning
 */
public record ConfigProblem(String source, int line, String key, String message, boolean fatal) {
    /** {@code file:line: key: message}. */
    public String text() {
        return source + (line > 0 ? ":" + line : "") + ": " + (key.isEmpty() ? "" : key + ": ") + message;
    }
}
