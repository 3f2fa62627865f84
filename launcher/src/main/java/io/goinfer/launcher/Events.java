// SPDX-License-Identifier: MIT
package io.goinfer.launcher;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;

/** Reads the text out of one line of an OpenAI event stream. */
final class Events {
    private static final JsonFactory FACTORY = new JsonFactory();

    private Events() {}

    /** The first {@code content} of the event, or "". */
    static String content(String line) {
        if (!line.startsWith("data: {")) {
            return "";
        }
        try (JsonParser in = FACTORY.createParser(line.substring("data: ".length()))) {
            for (JsonToken token = in.nextToken(); token != null; token = in.nextToken()) {
                if (token == JsonToken.FIELD_NAME && in.currentName().equals("content")) {
                    return in.nextToken() == JsonToken.VALUE_STRING ? in.getText() : "";
                }
            }
        } catch (IOException e) {
            return "";
        }
        return "";
    }
}
