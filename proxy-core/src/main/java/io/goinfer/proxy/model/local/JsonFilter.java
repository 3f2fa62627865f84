// SPDX-License-Identifier: MIT
package io.goinfer.proxy.model.local;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.Map;
import java.util.Set;

/**
 * llama-swap's filters: members of the request that are taken out, and members that are put in. Top level only. Pure.
 *
 * @param strip names
 * @param set name → JSON, in the order in which they are appended
 */
public record JsonFilter(Set<String> strip, Map<String, String> set) {
    public static final JsonFilter NONE = new JsonFilter(Set.of(), Map.of());

    private static final JsonFactory JSON = JsonFactory.builder()
            .streamReadConstraints(StreamReadConstraints.builder()
                    .maxStringLength(Integer.MAX_VALUE)
                    .maxNestingDepth(512)
                    .build())
            .build();

    public JsonFilter {
        strip = Set.copyOf(strip);
        set = java.util.Collections.unmodifiableMap(new java.util.TreeMap<>(set));
    }

    public boolean isEmpty() {
        return strip.isEmpty() && set.isEmpty();
    }

    /** @throws IOException if it is not one JSON object */
    byte[] apply(byte[] body) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream(body.length + 256);
        try (JsonParser in = JSON.createParser(body);
                JsonGenerator out = JSON.createGenerator(bytes)) {
            if (in.nextToken() != JsonToken.START_OBJECT) {
                throw new IOException("expected a JSON object");
            }
            out.writeStartObject();
            while (in.nextToken() == JsonToken.FIELD_NAME) {
                String name = in.currentName();
                in.nextToken();
                if (strip.contains(name) || set.containsKey(name)) {
                    in.skipChildren();
                } else {
                    out.writeFieldName(name);
                    copy(in, out);
                }
            }
            for (Map.Entry<String, String> one : set.entrySet()) {
                out.writeFieldName(one.getKey());
                out.writeRawValue(one.getValue());
            }
            out.writeEndObject();
        }
        return bytes.toByteArray();
    }

    /** Numbers keep their digits. */
    private static void copy(JsonParser in, JsonGenerator out) throws IOException {
        int depth = 0;
        do {
            JsonToken token = in.currentToken();
            depth += token.isStructStart() ? 1 : token.isStructEnd() ? -1 : 0;
            if (token.isNumeric()) {
                out.writeRawValue(in.getText());
            } else {
                out.copyCurrentEvent(in);
            }
        } while (depth > 0 && in.nextToken() != null);
    }
}
