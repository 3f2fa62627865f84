// SPDX-License-Identifier: MIT
package io.goinfer.proxy.json;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import java.io.IOException;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Small JSON documents as maps, lists, strings, booleans, {@link Number numbers as they were written} and null. For what is looked at as a whole; what
 * only passes is not read into it.
 */
public final class JsonTree {
    private static final JsonFactory FACTORY = JsonFactory.builder()
            .streamReadConstraints(StreamReadConstraints.builder()
                    .maxNestingDepth(512)
                    .maxStringLength(64 << 20)
                    .build())
            .build();

    /** Its digits are kept. */
    public record Number(String text) {
        /** Without its fraction; what does not fit is the nearest that does. */
        public long asLong() {
            try {
                return Long.parseLong(text);
            } catch (NumberFormatException e) {
                // Never by way of a BigDecimal: an exponent of ten digits is none for it.
                return (long) Double.parseDouble(text);
            }
        }

        public double asDouble() {
            return Double.parseDouble(text);
        }

        @Override
        public String toString() {
            return text;
        }
    }

    private JsonTree() {}

    /** One JSON object and nothing behind it. Builds nothing. */
    public static boolean isObject(byte[] json) {
        // Jackson guesses UTF-16 and UTF-32 by zero bytes, and skips a byte order mark; JSON between machines is UTF-8
        // without one (RFC 8259 §8.1).
        if (json.length > 0 && (json[0] & 0x80) != 0) {
            return false;
        }
        for (int i = 0; i < Math.min(4, json.length); i++) {
            if (json[i] == 0) {
                return false;
            }
        }
        try (JsonParser in = FACTORY.createParser(json)) {
            if (in.nextToken() != JsonToken.START_OBJECT) {
                return false;
            }
            in.skipChildren();
            return in.nextToken() == null;
        } catch (IOException e) {
            return false;
        }
    }

    /** @throws IOException if it is not one JSON value */
    public static @Nullable Object read(String json) throws IOException {
        return read(json.getBytes(StandardCharsets.UTF_8));
    }

    /** @throws IOException if it is not one JSON value */
    public static @Nullable Object read(byte[] json) throws IOException {
        try (JsonParser in = FACTORY.createParser(json)) {
            if (in.nextToken() == null) {
                throw new IOException("no JSON");
            }
            Object value = value(in);
            if (in.nextToken() != null) {
                throw new IOException("more than one JSON value");
            }
            return value;
        }
    }

    /** An object, or an empty map if it is another value. */
    public static Map<String, @Nullable Object> object(byte[] json) throws IOException {
        return map(read(json));
    }

    private static @Nullable Object value(JsonParser in) throws IOException {
        JsonToken token = in.currentToken();
        return switch (token) {
            case START_OBJECT -> {
                Map<String, @Nullable Object> map = new LinkedHashMap<>();
                while (in.nextToken() == JsonToken.FIELD_NAME) {
                    String name = in.currentName();
                    in.nextToken();
                    map.putIfAbsent(name, value(in));
                }
                yield map;
            }
            case START_ARRAY -> {
                List<@Nullable Object> list = new ArrayList<>();
                while (in.nextToken() != JsonToken.END_ARRAY) {
                    list.add(value(in));
                }
                yield list;
            }
            case VALUE_STRING -> in.getText();
            case VALUE_TRUE -> Boolean.TRUE;
            case VALUE_FALSE -> Boolean.FALSE;
            case VALUE_NUMBER_INT, VALUE_NUMBER_FLOAT -> new Number(in.getText());
            default -> null;
        };
    }

    /** The value if it is an object, else an empty map. */
    @SuppressWarnings("unchecked")
    public static Map<String, @Nullable Object> map(@Nullable Object value) {
        return value instanceof Map<?, ?> map ? (Map<String, @Nullable Object>) map : new LinkedHashMap<>();
    }

    /** The value if it is an array, else an empty list. */
    @SuppressWarnings("unchecked")
    public static List<@Nullable Object> list(@Nullable Object value) {
        return value instanceof List<?> list ? (List<@Nullable Object>) list : new ArrayList<@Nullable Object>();
    }

    public static String text(@Nullable Object value) {
        return value instanceof String text ? text : "";
    }

    public static long number(@Nullable Object value, long standard) {
        return value instanceof Number number ? number.asLong() : standard;
    }

    public static String write(@Nullable Object value) {
        StringWriter text = new StringWriter();
        try (JsonGenerator out = FACTORY.createGenerator(text)) {
            write(value, out);
        } catch (IOException e) {
            throw new IllegalStateException("a StringWriter does not fail", e);
        }
        return text.toString();
    }

    private static void write(@Nullable Object value, JsonGenerator out) throws IOException {
        if (value instanceof Map<?, ?> map) {
            out.writeStartObject();
            for (Map.Entry<?, ?> entry : map.entrySet()) {
                out.writeFieldName(String.valueOf(entry.getKey()));
                write(entry.getValue(), out);
            }
            out.writeEndObject();
        } else if (value instanceof Iterable<?> list) {
            out.writeStartArray();
            for (Object item : list) {
                write(item, out);
            }
            out.writeEndArray();
        } else if (value == null) {
            out.writeNull();
        } else if (value instanceof Boolean flag) {
            out.writeBoolean(flag);
        } else if (value instanceof Number || value instanceof java.lang.Number) {
            out.writeNumber(value.toString());
        } else {
            out.writeString(value.toString());
        }
    }
}
