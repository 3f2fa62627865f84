// SPDX-License-Identifier: MIT
package io.goinfer.proxy.control;

import java.util.List;
import java.util.Locale;

/** Commands without what looks like a secret. Pure. */
final class Hidden {
    private static final List<String> SECRET = List.of("key", "token", "secret", "password");

    private Hidden() {}

    static String secrets(List<String> command) {
        StringBuilder text = new StringBuilder();
        boolean hide = false;
        for (String word : command) {
            String name = word.toLowerCase(Locale.ROOT);
            int equals = name.indexOf('=');
            boolean named = looksSecret(equals < 0 ? name : name.substring(0, equals));
            boolean inWord = equals > 0 && named;
            text.append(text.isEmpty() ? "" : " ");
            text.append(hide ? "(hidden)" : inWord ? word.substring(0, equals + 1) + "(hidden)" : word);
            hide = !hide && named && !inWord && name.startsWith("-") && !name.endsWith("-file");
        }
        return text.toString();
    }

    private static boolean looksSecret(String name) {
        return SECRET.stream().anyMatch(word -> name.endsWith(word) || name.endsWith(word + "s"));
    }
}
