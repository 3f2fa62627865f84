// SPDX-License-Identifier: MIT
package io.goinfer.proxy.json;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * Where the parts of a JSON text lie. For texts whose grammar somebody has checked: on others it throws {@link IllegalArgumentException}, or finds
 * nonsense, but ends.
 */
final class JsonBytes {
    /** One member of an object, or item of an array (then {@code name} is its index). Offsets of bytes, ends are behind. */
    record Member(String name, int start, int valueStart, int valueEnd) {}

    private final byte[] json;
    private int at;

    private JsonBytes(byte[] json, int at) {
        this.json = json;
        this.at = at;
    }

    /** Offset of the first byte that is no white space. */
    static int skipSpace(byte[] json, int from) {
        int at = from;
        while (at < json.length && (json[at] == ' ' || json[at] == '\n' || json[at] == '\r' || json[at] == '\t')) {
            at++;
        }
        if (at >= json.length) {
            throw new IllegalArgumentException("unexpected end of JSON");
        }
        return at;
    }

    /** The members of the object, or the items of the array, that starts at {@code from}; empty for any other value. */
    static List<Member> members(byte[] json, int from) {
        int start = skipSpace(json, from);
        boolean object = json[start] == '{';
        if (!object && json[start] != '[') {
            return List.of();
        }
        JsonBytes in = new JsonBytes(json, start + 1);
        List<Member> all = new ArrayList<>();
        in.at = skipSpace(json, in.at);
        if (json[in.at] == (object ? '}' : ']')) {
            return all;
        }
        while (true) {
            int begin = skipSpace(json, in.at);
            in.at = begin;
            String name = object ? in.name() : Integer.toString(all.size());
            int value = skipSpace(json, in.at);
            in.at = value;
            in.skipValue();
            all.add(new Member(name, begin, value, in.at));
            in.at = skipSpace(json, in.at);
            if (json[in.at++] != ',') {
                return all;
            }
        }
    }

    /** Offset behind the value that starts at {@code from}. */
    static int end(byte[] json, int from) {
        JsonBytes in = new JsonBytes(json, skipSpace(json, from));
        in.skipValue();
        return in.at;
    }

    private String name() {
        int start = at;
        skipString();
        String name = string(json, start, at);
        at = skipSpace(json, at);
        if (json[at++] != ':') {
            throw new IllegalArgumentException("expected ':'");
        }
        return name;
    }

    private void skipValue() {
        byte first = json[at];
        if (first == '"') {
            skipString();
        } else if (first == '{' || first == '[') {
            int depth = 0;
            do {
                byte b = json[at];
                if (b == '"') {
                    skipString();
                    continue;
                }
                depth += b == '{' || b == '[' ? 1 : b == '}' || b == ']' ? -1 : 0;
                at++;
            } while (depth > 0 && at < json.length);
        } else {
            while (at < json.length && ",]} \n\r\t".indexOf(json[at]) < 0) {
                at++;
            }
        }
    }

    private void skipString() {
        at++;
        while (at < json.length && json[at] != '"') {
            at += json[at] == '\\' ? 2 : 1;
        }
        at++;
        if (at > json.length) {
            throw new IllegalArgumentException("unexpected end of JSON");
        }
    }

    /** The text of a JSON string, quotes included in the range. */
    static String string(byte[] json, int start, int end) {
        String raw = new String(json, start + 1, Math.max(0, end - start - 2), StandardCharsets.UTF_8);
        if (raw.indexOf('\\') < 0) {
            return raw;
        }
        StringBuilder text = new StringBuilder(raw.length());
        for (int i = 0; i < raw.length(); i++) {
            char c = raw.charAt(i);
            if (c != '\\' || i + 1 >= raw.length()) {
                text.append(c);
                continue;
            }
            char kind = raw.charAt(++i);
            switch (kind) {
                case 'u' -> {
                    if (i + 4 < raw.length()) {
                        text.append((char) Integer.parseInt(raw.substring(i + 1, i + 5), 16));
                    }
                    i += 4;
                }
                case 'b' -> text.append('\b');
                case 'f' -> text.append('\f');
                case 'n' -> text.append('\n');
                case 'r' -> text.append('\r');
                case 't' -> text.append('\t');
                default -> text.append(kind);
            }
        }
        return text.toString();
    }
}
