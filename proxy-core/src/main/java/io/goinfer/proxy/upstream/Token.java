// SPDX-License-Identifier: MIT
package io.goinfer.proxy.upstream;

/** A token of HTTP: RFC 9110 §5.6.2. Pure. */
final class Token {
    private static final boolean[] CHARS = new boolean[128];

    static {
        for (char c = '0'; c <= 'z'; c++) {
            CHARS[c] = c <= '9' || c >= 'a' || c >= 'A' && c <= 'Z';
        }
        for (char c : "!#$%&'*+-.^_`|~".toCharArray()) {
            CHARS[c] = true;
        }
    }

    private Token() {}

    static boolean is(CharSequence text) {
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c >= CHARS.length || !CHARS[c]) {
                return false;
            }
        }
        return !text.isEmpty();
    }
}
