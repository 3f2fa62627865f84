// SPDX-License-Identifier: MIT
package io.goinfer.tunnel.frame;

import java.nio.charset.StandardCharsets;

/** Text that the other side wrote and people read: PROTOCOL.md §4. Pure. */
public final class Text {
    /** Of names and software. */
    public static final int MAX_LABEL_BYTES = 128;

    /** Of reasons. */
    public static final int MAX_REASON_BYTES = 1 << 10;

    private Text() {}

    /** @throws FrameException PROTOCOL if it is too long or has control characters; it is not repeated */
    static String label(String what, String text) {
        int bytes = text.getBytes(StandardCharsets.UTF_8).length;
        if (bytes > MAX_LABEL_BYTES) {
            throw new FrameException(
                    Code.PROTOCOL, what + ": " + bytes + " bytes (expected: <= " + MAX_LABEL_BYTES + ")");
        }
        if (text.chars().anyMatch(Character::isISOControl)) {
            throw new FrameException(Code.PROTOCOL, what + " with a control character");
        }
        return text;
    }

    /** What counts of a reason: its first {@link #MAX_REASON_BYTES}, in whole characters, as one line that steers no terminal. */
    public static String reason(String text) {
        return oneLine(start(text));
    }

    private static String start(String text) {
        if (text.length() <= MAX_REASON_BYTES / 3) {
            return text;
        }
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        if (bytes.length <= MAX_REASON_BYTES) {
            return text;
        }
        int end = MAX_REASON_BYTES;
        while ((bytes[end] & 0xc0) == 0x80) {
            end--;
        }
        return new String(bytes, 0, end, StandardCharsets.UTF_8);
    }

    private static String oneLine(String text) {
        if (text.chars().noneMatch(Text::steers)) {
            return text;
        }
        char[] all = text.toCharArray();
        for (int i = 0; i < all.length; i++) {
            all[i] = steers(all[i]) ? '?' : all[i];
        }
        return new String(all);
    }

    private static boolean steers(int c) {
        return Character.isISOControl(c) || c == '\u2028' || c == '\u2029';
    }
}
