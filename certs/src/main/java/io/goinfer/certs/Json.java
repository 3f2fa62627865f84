// SPDX-License-Identifier: MIT
package io.goinfer.certs;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;
import java.io.StringWriter;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A list of flat records as JSON: {@code [{"name": "text", …}, …]}. Every value is a string; unknown names survive a round trip. */
public final class Json {
    private static final JsonFactory FACTORY = new JsonFactory();

    private Json() {}

    public static String write(List<Map<String, String>> records) {
        StringWriter text = new StringWriter();
        try (JsonGenerator out = FACTORY.createGenerator(text).useDefaultPrettyPrinter()) {
            out.writeStartArray();
            for (Map<String, String> record : records) {
                out.writeStartObject();
                for (Map.Entry<String, String> field : record.entrySet()) {
                    out.writeStringField(field.getKey(), field.getValue());
                }
                out.writeEndObject();
            }
            out.writeEndArray();
        } catch (IOException e) {
            throw new IllegalStateException("a StringWriter does not fail", e);
        }
        return text.toString();
    }

    public static List<Map<String, String>> read(String text) throws IOException {
        List<Map<String, String>> records = new ArrayList<>();
        try (JsonParser in = FACTORY.createParser(text)) {
            expect(in.nextToken(), JsonToken.START_ARRAY, in);
            while (in.nextToken() == JsonToken.START_OBJECT) {
                records.add(record(in));
            }
        }
        return records;
    }

    /** One flat object, such as a request's body; nested values are an error. */
    public static Map<String, String> readObject(String text) throws IOException {
        try (JsonParser in = FACTORY.createParser(text)) {
            expect(in.nextToken(), JsonToken.START_OBJECT, in);
            return record(in);
        }
    }

    public static String writeObject(Map<String, String> record) {
        String list = write(List.of(record));
        return list.substring(list.indexOf('{'), list.lastIndexOf('}') + 1);
    }

    private static Map<String, String> record(JsonParser in) throws IOException {
        Map<String, String> record = new LinkedHashMap<>();
        while (in.nextToken() == JsonToken.FIELD_NAME) {
            String name = in.currentName();
            JsonToken value = in.nextToken();
            if (value.isStructStart()) {
                throw new IOException("member " + name + ": expected a string");
            }
            if (value != JsonToken.VALUE_NULL) {
                record.put(name, in.getText());
            }
        }
        expect(in.currentToken(), JsonToken.END_OBJECT, in);
        return record;
    }

    private static void expect(@Nullable JsonToken found, JsonToken wanted, JsonParser in) throws IOException {
        if (found != wanted) {
            throw new IOException(
                    "JSON: " + found + " at line " + in.currentLocation().getLineNr() + " (expected: " + wanted + ")");
        }
    }
}
