// SPDX-License-Identifier: MIT
package io.goinfer.proxy.config.swap;

import java.util.ArrayList;
import java.util.List;

/** A {@code cmd} of llama-swap.yml to its words, as llama-swap splits it: no shell, no globs, no variables. Pure. */
public final class CommandWords {
    private CommandWords() {}

    /** Comment lines are dropped, lines ending in a backslash joined; then POSIX quoting. An open quote ends with the text. */
    public static List<String> split(String command) {
        StringBuilder text = new StringBuilder();
        for (String line : command.split("\n", -1)) {
            String trimmed = line.strip();
            if (trimmed.startsWith("#")) {
                continue;
            }
            if (trimmed.endsWith("\\")) {
                text.append(trimmed, 0, trimmed.length() - 1).append(" \n");
            } else {
                text.append(line).append('\n');
            }
        }
        if (!text.isEmpty() && text.charAt(text.length() - 1) == '\n') {
            text.setLength(text.length() - 1);
        }
        return words(text);
    }

    private static List<String> words(CharSequence text) {
        List<String> words = new ArrayList<>();
        StringBuilder word = new StringBuilder();
        boolean inWord = false;
        char quote = 0;
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (quote == '\'') {
                if (c == '\'') {
                    quote = 0;
                } else {
                    word.append(c);
                }
            } else if (c == '\\' && i + 1 < text.length()) {
                char next = text.charAt(++i);
                inWord = true;
                if (quote == '"' && "$`\"\\\n".indexOf(next) < 0) {
                    word.append(c);
                }
                word.append(next);
            } else if (quote == '"') {
                if (c == '"') {
                    quote = 0;
                } else {
                    word.append(c);
                }
            } else if (c == '\'' || c == '"') {
                quote = c;
                inWord = true;
            } else if (c == ' ' || c == '\t' || c == '\n' || c == '\r') {
                if (inWord) {
                    words.add(word.toString());
                    word.setLength(0);
                    inWord = false;
                }
            } else {
                word.append(c);
                inWord = true;
            }
        }
        if (inWord) {
            words.add(word.toString());
        }
        return words;
    }
}
