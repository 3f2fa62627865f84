// SPDX-License-Identifier: MIT
package io.goinfer.proxy.route;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * The head of one part of a multipart/form-data body (RFC 7578 §4), collected byte by byte up to {@link #MOST}. Each byte is looked at once when it comes,
 * and once more when the head is complete: whoever sends long heads pays for them himself.
 */
final class PartHead {
    /** Bytes of the longest head that is understood. */
    static final int MOST = 8 << 10;

    private static final int FIRST = 256;
    private static final int END = '\r' << 24 | '\n' << 16 | '\r' << 8 | '\n';
    private static final int EMPTY = '\r' << 8 | '\n';
    private static final String FIELD = "content-disposition:";

    private byte[] bytes = new byte[FIRST];
    private int length;
    private int lastFour;

    void clear() {
        length = 0;
        lastFour = 0;
    }

    /** False: the head is longer than {@link #MOST}. */
    boolean add(byte b) {
        if (length == MOST) {
            return false;
        }
        if (length == bytes.length) {
            bytes = Arrays.copyOf(bytes, 2 * length);
        }
        bytes[length++] = b;
        lastFour = lastFour << 8 | b & 0xff;
        return true;
    }

    /** The empty line was the last that came. */
    boolean isComplete() {
        return lastFour == END || length == 2 && lastFour == EMPTY;
    }

    /** It is the head of the form's field of this name, and of no file. */
    boolean isField(String name) {
        String head = new String(bytes, 0, length, StandardCharsets.ISO_8859_1);
        boolean found = false;
        for (int from = 0; from < head.length(); ) {
            int end = head.indexOf("\r\n", from);
            if (head.regionMatches(true, from, FIELD, 0, FIELD.length())) {
                found |= isField(head.substring(from + FIELD.length(), end), name);
            }
            from = end + 2;
        }
        return found;
    }

    /** {@code form-data; name="model"}, with the parameters in any order (RFC 2183 §2). */
    private static boolean isField(String disposition, String name) {
        boolean form = false;
        boolean named = false;
        boolean file = false;
        int from = 0;
        for (int part = 0; from <= disposition.length(); part++) {
            int end = partEnd(disposition, from);
            String text = disposition.substring(from, end).strip();
            int equals = text.indexOf('=');
            String key = equals < 0 ? text : text.substring(0, equals).strip();
            form |= part == 0 && text.equalsIgnoreCase("form-data");
            file |= key.equalsIgnoreCase("filename") || key.equalsIgnoreCase("filename*");
            named |= key.equalsIgnoreCase("name")
                    && equals > 0
                    && plain(text.substring(equals + 1).strip()).equalsIgnoreCase(name);
            from = end + 1;
        }
        return form && named && !file;
    }

    /** The next semicolon that no quotes enclose, or the end. */
    private static int partEnd(String text, int from) {
        boolean quoted = false;
        for (int i = from; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c == '"') {
                quoted = !quoted;
            } else if (c == '\\' && quoted) {
                i++;
            } else if (c == ';' && !quoted) {
                return i;
            }
        }
        return text.length();
    }

    private static String plain(String value) {
        boolean quoted = value.length() >= 2 && value.startsWith("\"") && value.endsWith("\"");
        return quoted ? value.substring(1, value.length() - 1) : value;
    }
}
