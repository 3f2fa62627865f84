// SPDX-License-Identifier: MIT
package io.goinfer.proxy.route;

import io.netty.buffer.ByteBuf;
import io.netty.util.ByteProcessor;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * Finds the field {@code model} of a multipart/form-data body (RFC 7578) as it passes. Stores one part's head and the value; files are passed over. What is
 * not multipart has no model.
 */
public final class MultipartScanner implements BodyScanner, ByteProcessor {
    private static final int MAX_VALUE = 1 << 10;

    private enum State {
        /** Until the next delimiter. */
        CONTENT,
        /** Behind a delimiter: "--" or the end of the line. */
        DELIMITER_END,
        HEAD,
        VALUE,
        DONE
    }

    /** CR LF and the dashes come once each, so that a mismatch can only start again at a CR. */
    private final byte[] delimiter;

    private final PartHead head = new PartHead();
    private final byte[] value;
    private State state = State.CONTENT;
    private int matched = 2;
    private int length;
    private long position;
    private long modelStart;
    private long modelEnd;
    private @Nullable String model;

    /** @param boundary as Content-Type gives it */
    public MultipartScanner(String boundary) {
        this.delimiter = ("\r\n--" + boundary).getBytes(StandardCharsets.ISO_8859_1);
        this.value = new byte[MAX_VALUE + delimiter.length];
    }

    /** Null: the type is not multipart/form-data with a boundary. */
    public static @Nullable MultipartScanner of(String contentType) {
        String[] parts = contentType.split(";");
        if (!parts[0].strip().equalsIgnoreCase("multipart/form-data")) {
            return null;
        }
        for (int i = 1; i < parts.length; i++) {
            String part = parts[i].strip();
            if (part.toLowerCase(Locale.ROOT).startsWith("boundary=")) {
                String boundary = part.substring("boundary=".length()).replaceAll("^\"|\"$", "");
                return boundary.isEmpty() || boundary.length() > 70 ? null : new MultipartScanner(boundary);
            }
        }
        return null;
    }

    @Override
    public boolean read(ByteBuf in) {
        if (state != State.DONE) {
            in.forEachByte(this);
        }
        return true;
    }

    @Override
    public boolean process(byte b) {
        switch (state) {
            case CONTENT -> {
                if (delimiter(b)) {
                    length = 0;
                    state = State.DELIMITER_END;
                }
            }
            case DELIMITER_END -> delimiterEnd(b);
            case HEAD -> head(b);
            case VALUE -> value(b);
            case DONE -> {}
        }
        position++;
        return state != State.DONE;
    }

    private boolean delimiter(byte b) {
        matched = b == delimiter[matched] ? matched + 1 : b == '\r' ? 1 : 0;
        if (matched == delimiter.length) {
            matched = 0;
            return true;
        }
        return false;
    }

    private void delimiterEnd(byte b) {
        if (b == '\n') {
            head.clear();
            state = State.HEAD;
        } else if (++length > 2) {
            // "--", or no line end: nothing follows that we understand.
            state = State.DONE;
        }
    }

    private void head(byte b) {
        if (!head.add(b)) {
            state = State.DONE;
        } else if (head.isComplete()) {
            state = head.isField("model") ? State.VALUE : State.CONTENT;
            // An empty part: its delimiter's line end is the head's.
            matched = 2;
            length = 0;
            modelStart = position + 1;
        }
    }

    private void value(byte b) {
        if (length < value.length) {
            value[length++] = b;
        } else {
            state = State.DONE;
            return;
        }
        if (delimiter(b)) {
            int bytes = Math.max(0, length - delimiter.length);
            model = new String(value, 0, bytes, StandardCharsets.UTF_8).strip();
            modelEnd = modelStart + bytes;
            state = State.DONE;
        }
    }

    @Override
    public boolean end() {
        return true;
    }

    @Override
    public @Nullable String error() {
        return null;
    }

    @Override
    public boolean modelSeen() {
        return model != null;
    }

    @Override
    public @Nullable String model() {
        return model == null || model.isEmpty() ? null : model;
    }

    /** The first one counts; it is not looked for another. */
    @Override
    public boolean modelTwice() {
        return false;
    }

    @Override
    public long modelStart() {
        return modelStart;
    }

    @Override
    public long modelEnd() {
        return modelEnd;
    }

    @Override
    public @Nullable Boolean stream() {
        return null;
    }

    @Override
    public byte[] encoded(String name) {
        return name.getBytes(StandardCharsets.UTF_8);
    }
}
