// SPDX-License-Identifier: MIT
package io.goinfer.proxy.route;

import io.netty.buffer.ByteBuf;
import io.netty.util.ByteProcessor;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Reads a JSON body as it passes and finds the top-level {@code model} and {@code stream}, with the place of the model's value. Stores nothing but the
 * nesting (a bit a level) and the two values, however long the body's strings are (docs/decisions/005). Strict enough that a second parser behind it sees
 * the same members: anything but JSON's own grammar of structure, strings and literals is an error.
 */
public final class JsonScanner implements BodyScanner, ByteProcessor {
    private static final int MAX_DEPTH = 512;
    private static final int MAX_VALUE = 1024;
    private static final int MAX_NUMBER = 400;

    /** {@code "model"} with every character as \\uXXXX. */
    private static final int MAX_KEY = 6 * 6;

    private enum State {
        VALUE,
        FIRST_KEY_OR_END,
        KEY,
        COLON,
        FIRST_ITEM_OR_END,
        AFTER_VALUE,
        STRING,
        ESCAPE,
        UNICODE,
        SCALAR,
        DONE
    }

    private final long[] objects = new long[MAX_DEPTH / 64];
    private byte[] text = new byte[MAX_KEY];
    private State state = State.VALUE;
    private int depth;
    private boolean stringIsKey;
    private boolean capture;
    private int length;
    private int unicodeLeft;
    private long position;
    private long valueStart;
    private boolean keyIsModel;
    private boolean keyIsStream;
    private boolean keyIsName;
    private boolean inModel;
    private @Nullable String model;
    private long modelStart;
    private long modelEnd;
    private @Nullable Boolean stream;
    private @Nullable String error;
    private boolean modelSeen;
    private boolean modelTwice;

    /** Reads all of {@code in} without moving its reader index. False once there is an error. */
    @Override
    public boolean read(ByteBuf in) {
        return error == null && in.forEachByte(this) < 0;
    }

    /** The body is complete. False if it was not one JSON value. */
    @Override
    public boolean end() {
        if (error == null && state == State.SCALAR && depth == 0) {
            endScalar();
        }
        if (error == null && state != State.DONE) {
            error = "unexpected end of the JSON body";
        }
        return error == null;
    }

    @Override
    public @Nullable String error() {
        return error;
    }

    /** True once {@code model} was seen, whatever its value. */
    @Override
    public boolean modelSeen() {
        return modelSeen;
    }

    /** Its value, if it is a string that is not empty. */
    @Override
    public @Nullable String model() {
        return model == null || model.isEmpty() ? null : model;
    }

    /** Offset of the model's opening quote in the body. */
    @Override
    public long modelStart() {
        return modelStart;
    }

    /** Offset behind its closing quote. */
    @Override
    public long modelEnd() {
        return modelEnd;
    }

    @Override
    public boolean modelTwice() {
        return modelTwice;
    }

    @Override
    public @Nullable Boolean stream() {
        return stream;
    }

    @Override
    public byte[] encoded(String name) {
        StringBuilder json = new StringBuilder("\"");
        for (int i = 0; i < name.length(); i++) {
            char c = name.charAt(i);
            if (c < ' ' || c == '"' || c == '\\') {
                json.append(String.format("\\u%04x", (int) c));
            } else {
                json.append(c);
            }
        }
        return json.append('"').toString().getBytes(StandardCharsets.UTF_8);
    }

    @Override
    public boolean process(byte value) {
        step(value);
        position++;
        return error == null;
    }

    private void step(byte b) {
        switch (state) {
            case STRING -> string(b);
            case ESCAPE -> escape(b);
            case UNICODE -> unicode(b);
            case SCALAR -> scalar(b);
            default -> {
                if (b != ' ' && b != '\n' && b != '\r' && b != '\t') {
                    structure(b);
                }
            }
        }
    }

    private void structure(byte b) {
        switch (state) {
            case VALUE -> value(b);
            case FIRST_ITEM_OR_END -> {
                if (b == ']') {
                    close(false);
                } else {
                    value(b);
                }
            }
            case FIRST_KEY_OR_END -> {
                if (b == '}') {
                    close(true);
                } else {
                    key(b);
                }
            }
            case KEY -> key(b);
            case COLON -> {
                if (b == ':') {
                    state = State.VALUE;
                } else {
                    fail("expected ':'");
                }
            }
            case AFTER_VALUE -> afterValue(b);
            default -> fail("unexpected data behind the JSON body");
        }
    }

    private void value(byte b) {
        valueStart = position;
        length = 0;
        if (depth == 1 && keyIsModel) {
            modelTwice |= modelSeen;
            // Old clients of goinfer name it in an object; it is seen when that is over.
            inModel = b == '{';
            if (b != '"' && !inModel) {
                modelSeen = true;
            }
        }
        switch (b) {
            case '{' -> {
                if (depth == 1 && inModel) {
                    modelStart = position;
                }
                open(true);
            }
            case '[' -> open(false);
            case '"' -> beginString(false, depth == 1 && keyIsModel || depth == 2 && inModel && keyIsName);
            default -> {
                state = State.SCALAR;
                scalar(b);
            }
        }
    }

    private void key(byte b) {
        if (b == '"') {
            beginString(true, depth == 1 || depth == 2 && inModel);
        } else {
            fail("expected a member name");
        }
    }

    private void beginString(boolean isKey, boolean keep) {
        state = State.STRING;
        stringIsKey = isKey;
        capture = keep;
        length = 0;
    }

    private void string(byte b) {
        if (b == '"') {
            endString();
        } else if (b == '\\') {
            keep(b);
            state = State.ESCAPE;
        } else if (b >= 0 && b < ' ') {
            fail("control character in a string");
        } else {
            keep(b);
        }
    }

    private void escape(byte b) {
        keep(b);
        if (b == 'u') {
            unicodeLeft = 4;
            state = State.UNICODE;
        } else if ("\"\\/bfnrt".indexOf(b) >= 0) {
            state = State.STRING;
        } else {
            fail("unknown escape in a string");
        }
    }

    private void unicode(byte b) {
        keep(b);
        if (Character.digit(b, 16) < 0) {
            fail("unknown escape in a string");
        } else if (--unicodeLeft == 0) {
            state = State.STRING;
        }
    }

    private void keep(byte b) {
        if (capture) {
            if (length < (stringIsKey ? MAX_KEY : MAX_VALUE)) {
                append(b);
            } else if (stringIsKey) {
                capture = false;
            } else {
                fail("model name is longer than " + MAX_VALUE + " bytes");
            }
        }
    }

    private void endString() {
        if (stringIsKey) {
            String name = capture ? captured() : "";
            keyIsName = depth == 2 && name.equals("name");
            if (depth == 1) {
                keyIsModel = name.equals("model");
                keyIsStream = name.equals("stream");
            }
            state = State.COLON;
            return;
        }
        if (depth == 1 && keyIsModel) {
            modelSeen = true;
            model = captured();
            modelStart = valueStart;
            modelEnd = position + 1;
        } else if (depth == 2 && inModel && keyIsName) {
            model = captured();
        }
        endValue();
    }

    private String captured() {
        String raw = new String(text, 0, length, StandardCharsets.UTF_8);
        if (raw.indexOf('\\') < 0) {
            return raw;
        }
        StringBuilder plain = new StringBuilder(raw.length());
        for (int i = 0; i < raw.length(); i++) {
            char c = raw.charAt(i);
            if (c != '\\') {
                plain.append(c);
                continue;
            }
            char kind = raw.charAt(++i);
            switch (kind) {
                case 'u' -> {
                    plain.append((char) Integer.parseInt(raw.substring(i + 1, i + 5), 16));
                    i += 4;
                }
                case 'b' -> plain.append('\b');
                case 'f' -> plain.append('\f');
                case 'n' -> plain.append('\n');
                case 'r' -> plain.append('\r');
                case 't' -> plain.append('\t');
                default -> plain.append(kind);
            }
        }
        return plain.toString();
    }

    private void append(byte b) {
        if (length == text.length) {
            text = Arrays.copyOf(text, Math.min(MAX_VALUE, 4 * length));
        }
        text[length++] = b;
    }

    private void scalar(byte b) {
        boolean part = b >= '0' && b <= '9' || b >= 'a' && b <= 'z' || b == '-' || b == '+' || b == '.' || b == 'E';
        if (part) {
            if (length == MAX_NUMBER) {
                fail("number is too long");
            } else {
                append(b);
            }
            return;
        }
        endScalar();
        if (error == null) {
            step(b);
        }
    }

    private void endScalar() {
        String word = new String(text, 0, length, StandardCharsets.US_ASCII);
        boolean literal = word.equals("true") || word.equals("false") || word.equals("null");
        if (!literal && !isNumber(word)) {
            fail("unexpected character or literal");
            return;
        }
        if (depth == 1 && keyIsStream && literal) {
            stream = word.equals("true");
        }
        endValue();
    }

    /** RFC 8259 §6, without a regular expression on the hot path. */
    private static boolean isNumber(String s) {
        int i = 0;
        int n = s.length();
        if (i < n && s.charAt(i) == '-') {
            i++;
        }
        int digits = run(s, i);
        if (digits == 0 || digits > 1 && s.charAt(i) == '0') {
            return false;
        }
        i += digits;
        if (i < n && s.charAt(i) == '.') {
            digits = run(s, ++i);
            if (digits == 0) {
                return false;
            }
            i += digits;
        }
        if (i < n && (s.charAt(i) == 'e' || s.charAt(i) == 'E')) {
            i++;
            if (i < n && (s.charAt(i) == '+' || s.charAt(i) == '-')) {
                i++;
            }
            digits = run(s, i);
            if (digits == 0) {
                return false;
            }
            i += digits;
        }
        return i == n;
    }

    private static int run(String s, int from) {
        int i = from;
        while (i < s.length() && s.charAt(i) >= '0' && s.charAt(i) <= '9') {
            i++;
        }
        return i - from;
    }

    private void endValue() {
        state = depth == 0 ? State.DONE : State.AFTER_VALUE;
    }

    private void afterValue(byte b) {
        boolean object = inObject();
        if (b == ',') {
            state = object ? State.KEY : State.VALUE;
        } else if (b == (object ? '}' : ']')) {
            close(object);
        } else {
            fail("expected ',' or the end of the " + (object ? "object" : "array"));
        }
    }

    private void open(boolean object) {
        if (depth == MAX_DEPTH) {
            fail("nested deeper than " + MAX_DEPTH);
            return;
        }
        long bit = 1L << (depth & 63);
        if (object) {
            objects[depth >> 6] |= bit;
        } else {
            objects[depth >> 6] &= ~bit;
        }
        depth++;
        state = object ? State.FIRST_KEY_OR_END : State.FIRST_ITEM_OR_END;
    }

    private void close(boolean object) {
        if (inObject() != object) {
            fail("mismatched brackets");
            return;
        }
        depth--;
        if (inModel && depth == 1) {
            inModel = false;
            modelSeen = true;
            modelEnd = position + 1;
        }
        endValue();
    }

    private boolean inObject() {
        int level = depth - 1;
        return (objects[level >> 6] & 1L << (level & 63)) != 0;
    }

    private void fail(String message) {
        error = "parse error at byte " + position + ": " + message;
    }
}
