// SPDX-License-Identifier: MIT
package io.goinfer.proxy.model;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/** Lists of models as JSON: a backend's /v1/models, the tunnel's MODELS (PROTOCOL.md §5.4), our own rows. */
public final class ModelsJson {
    private static final int MAX_MODELS = 10_000;

    /** Longer than any file's path; it must fit the head of a request beside the client's own fields. */
    private static final int MAX_ID = 4 << 10;

    private static final String LOADING_STATE = "loading_state";
    private static final String PARTIAL = "partial";

    /** {@code partial}: not all that there is, because whoever has the rest does not answer (yet). */
    public record Listing(List<ModelInfo> models, boolean partial) {}

    /** Members of a row that are passed on as they are. */
    private static final Set<String> ROW =
            Set.of("name", "description", "architecture", "capabilities", "supported_parameters", "context_length");

    private static final JsonFactory FACTORY = JsonFactory.builder()
            .streamReadConstraints(StreamReadConstraints.builder()
                    .maxNestingDepth(64)
                    .maxStringLength(1 << 20)
                    .build())
            .build();

    private ModelsJson() {}

    /** Rows of {@code data} or {@code models}, whichever holds objects with an {@code id}. @throws IOException if it is no such list */
    public static Listing read(byte[] json) throws IOException {
        try {
            return listing(json);
        } catch (JsonProcessingException e) {
            // Its own message has several lines.
            throw new IOException(e.getOriginalMessage(), e);
        }
    }

    private static Listing listing(byte[] json) throws IOException {
        List<ModelInfo> models = new ArrayList<>();
        boolean list = false;
        boolean partial = false;
        try (JsonParser in = FACTORY.createParser(new ByteArrayInputStream(json))) {
            if (in.nextToken() != JsonToken.START_OBJECT) {
                throw new IOException("expected a JSON object");
            }
            while (in.nextToken() == JsonToken.FIELD_NAME) {
                boolean rows =
                        in.currentName().equals("data") || in.currentName().equals("models");
                boolean flag = in.currentName().equals(PARTIAL);
                if (in.nextToken() == JsonToken.START_ARRAY && rows) {
                    list = true;
                    while (in.nextToken() != JsonToken.END_ARRAY) {
                        row(in, models);
                    }
                } else {
                    partial |= flag && in.currentToken() == JsonToken.VALUE_TRUE;
                    in.skipChildren();
                }
            }
            if (in.nextToken() != null) {
                throw new IOException("expected one JSON object");
            }
        }
        if (!list) {
            throw new IOException("expected a list of models");
        }
        return new Listing(models, partial);
    }

    private static void row(JsonParser in, List<ModelInfo> models) throws IOException {
        if (in.currentToken() != JsonToken.START_OBJECT) {
            in.skipChildren();
            return;
        }
        String id = "";
        long created = 0;
        String meta = "";
        boolean listed = true;
        boolean loading = false;
        StringBuilder more = new StringBuilder();
        ModelInfo.State state = ModelInfo.State.UNKNOWN;
        while (in.nextToken() == JsonToken.FIELD_NAME) {
            String name = in.currentName();
            JsonToken value = in.nextToken();
            if (name.equals("id") && value == JsonToken.VALUE_STRING) {
                id = in.getText();
            } else if (name.equals("created") && value == JsonToken.VALUE_NUMBER_INT) {
                created = seconds(in);
            } else if (name.equals("meta") && value == JsonToken.START_OBJECT) {
                meta = copy(in);
            } else if (name.equals("status") && value == JsonToken.START_OBJECT) {
                state = state(in);
            } else if (name.equals("unlisted")) {
                listed = value != JsonToken.VALUE_TRUE;
            } else if (name.equals(LOADING_STATE)) {
                loading = value == JsonToken.VALUE_TRUE;
            } else if (ROW.contains(name)) {
                more.append(more.isEmpty() ? "{" : ",")
                        .append('"')
                        .append(name)
                        .append("\":")
                        .append(copy(in));
            } else {
                in.skipChildren();
            }
        }
        if (isId(id) && models.size() < MAX_MODELS) {
            String row = more.isEmpty() ? "" : more.append('}').toString();
            models.add(new ModelInfo(ModelNames.fromId(id), id, id, created, meta, state, listed, row, loading));
        }
    }

    /** 0, which is not known, where it is no time. */
    private static long seconds(JsonParser in) throws IOException {
        return in.getNumberType() == JsonParser.NumberType.BIG_INTEGER ? 0 : Math.max(0, in.getLongValue());
    }

    /** Ids travel in fields of requests and answers, where a control character has no place (RFC 9110 §5.5). */
    private static boolean isId(String id) {
        return !id.isBlank() && id.length() <= MAX_ID && id.chars().noneMatch(Character::isISOControl);
    }

    private static ModelInfo.State state(JsonParser in) throws IOException {
        ModelInfo.State state = ModelInfo.State.UNKNOWN;
        while (in.nextToken() == JsonToken.FIELD_NAME) {
            boolean wanted = in.currentName().equals("value");
            if (in.nextToken() == JsonToken.VALUE_STRING && wanted) {
                String word = in.getText().toUpperCase(java.util.Locale.ROOT);
                for (ModelInfo.State one : ModelInfo.State.values()) {
                    state = one.name().equals(word) ? one : state;
                }
            }
            in.skipChildren();
        }
        return state;
    }

    private static String copy(JsonParser in) throws IOException {
        StringWriter text = new StringWriter();
        try (JsonGenerator out = FACTORY.createGenerator(text)) {
            out.copyCurrentStructure(in);
        }
        return text.toString();
    }

    /** The payload of MODELS. */
    public static byte[] models(Listing listing) {
        List<ModelInfo> models = listing.models();
        StringBuilder json = new StringBuilder("{\"models\":[");
        for (int i = 0; i < models.size(); i++) {
            json.append(i == 0 ? "" : ",").append(row(models.get(i), ""));
        }
        return json.append(listing.partial() ? "],\"" + PARTIAL + "\":true}" : "]}")
                .toString()
                .getBytes(StandardCharsets.UTF_8);
    }

    /** One row of our /v1/models; without an owner one of MODELS. */
    public static String row(ModelInfo model, String owner) {
        StringWriter text = new StringWriter();
        try (JsonGenerator out = FACTORY.createGenerator(text)) {
            out.writeStartObject();
            out.writeStringField("id", model.id());
            out.writeStringField("object", "model");
            out.writeNumberField("created", model.created());
            if (!owner.isEmpty()) {
                out.writeStringField("owned_by", owner);
            }
            if (!model.rowJson().isEmpty()) {
                out.writeRaw("," + model.rowJson().substring(1, model.rowJson().length() - 1));
            }
            if (!model.metaJson().isEmpty()) {
                out.writeFieldName("meta");
                out.writeRawValue(model.metaJson());
            }
            if (model.state() != ModelInfo.State.UNKNOWN) {
                out.writeObjectFieldStart("status");
                out.writeStringField("value", model.state().name().toLowerCase(java.util.Locale.ROOT));
                out.writeEndObject();
            }
            if (!model.listed()) {
                out.writeBooleanField("unlisted", true);
            }
            if (model.loadingState() && owner.isEmpty()) {
                out.writeBooleanField(LOADING_STATE, true);
            }
            out.writeEndObject();
        } catch (IOException e) {
            throw new IllegalStateException("a StringWriter does not fail", e);
        }
        return text.toString();
    }
}
