// SPDX-License-Identifier: MIT
package io.goinfer.launcher;

/**
 * Text that others may have written (names, close reasons, request lines), as it may stand in a log or on a terminal: what could forge a line, move the
 * cursor or turn the direction of writing becomes {@code \}{@code uXXXX} (CWE-117, CWE-150; Unicode TR 36 §2.9). A clean text costs one look at each
 * character and is returned as it is.
 */
final class Printable {
    private Printable() {}

    /** For a place inside a line. */
    static String line(String text) {
        return escape(text, false);
    }

    /** For a text that has lines of its own: line feeds and tabs stay. */
    static String text(String text) {
        return escape(text, true);
    }

    private static String escape(String text, boolean lines) {
        for (int i = 0; i < text.length(); i++) {
            if (isHarmful(text.charAt(i), lines)) {
                return escaped(text, i, lines);
            }
        }
        return text;
    }

    private static String escaped(String text, int from, boolean lines) {
        StringBuilder clean = new StringBuilder(text.length() + 16).append(text, 0, from);
        for (int i = from; i < text.length(); i++) {
            char c = text.charAt(i);
            if (!isHarmful(c, lines)) {
                clean.append(c);
            } else {
                switch (c) {
                    case '\n' -> clean.append("\\n");
                    case '\r' -> clean.append("\\r");
                    case '\t' -> clean.append("\\t");
                    default -> clean.append(String.format("\\u%04x", (int) c));
                }
            }
        }
        return clean.toString();
    }

    /** C0, DEL, C1, line and paragraph separators, marks, embeddings, overrides and isolates of direction, the byte order mark. */
    private static boolean isHarmful(char c, boolean lines) {
        if (c < 0x7f) {
            return c < ' ' && !(lines && (c == '\n' || c == '\t'));
        }
        return c <= 0x9f
                || c == '\u061c'
                || c >= '\u200e' && c <= '\u200f'
                || c >= '\u2028' && c <= '\u202e'
                || c >= '\u2066' && c <= '\u2069'
                || c == '\ufeff';
    }
}
