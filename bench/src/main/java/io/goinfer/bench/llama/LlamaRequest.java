// SPDX-License-Identifier: MIT
package io.goinfer.bench.llama;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** What the simulation needs of a completion's body, and how each of the four APIs shapes its answer. */
record LlamaRequest(Api api, boolean stream, int maxTokens, double rate, String prompt) {
    private static final JsonFactory FACTORY = new JsonFactory();
    private static final int DEFAULT_TOKENS = 16;

    enum Api {
        CHAT,
        COMPLETIONS,
        NATIVE,
        MESSAGES
    }

    /** {@code sim_rate} in the body overrides the server's token rate. @throws IOException if the body is no JSON object */
    static LlamaRequest parse(Api api, String body) throws IOException {
        boolean stream = false;
        int maxTokens = DEFAULT_TOKENS;
        double rate = -1;
        try (JsonParser in = FACTORY.createParser(body)) {
            if (in.nextToken() != JsonToken.START_OBJECT) {
                throw new IOException("parse error: expected an object");
            }
            while (in.nextToken() == JsonToken.FIELD_NAME) {
                String name = in.currentName();
                in.nextToken();
                switch (name) {
                    case "stream" -> stream = in.getValueAsBoolean();
                    case "max_tokens", "n_predict", "max_completion_tokens" ->
                        maxTokens = in.getValueAsInt(DEFAULT_TOKENS);
                    case "sim_rate" -> rate = in.getValueAsDouble();
                    default -> in.skipChildren();
                }
            }
        }
        return new LlamaRequest(api, stream, Math.max(1, maxTokens), rate, body);
    }

    int promptTokens() {
        return prompt.length() / 4;
    }

    boolean doneMark() {
        return api == Api.CHAT || api == Api.COMPLETIONS;
    }

    /** An event up to where its time goes. */
    String eventStart(String model) {
        String common = "\"created\":1700000000,\"id\":\"chatcmpl-sim\",\"model\":\"" + model
                + "\",\"system_fingerprint\":\"sim\"";
        return switch (api) {
            case CHAT ->
                "data: {\"choices\":[{\"finish_reason\":null,\"index\":0,\"delta\":{\"content\":\" token\"}}]," + common
                        + ",\"object\":\"chat.completion.chunk\"";
            case COMPLETIONS ->
                "data: {\"choices\":[{\"text\":\" token\",\"index\":0,\"finish_reason\":null}]," + common
                        + ",\"object\":\"text_completion\"";
            case NATIVE -> "data: {\"index\":0,\"content\":\" token\",\"tokens\":[1],\"stop\":false,\"id_slot\":0";
            case MESSAGES ->
                "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,"
                        + "\"delta\":{\"type\":\"text_delta\",\"text\":\" token\"}";
        };
    }

    String lastEvent(String model, int predicted, int cached) {
        String timings = timings(predicted, cached);
        return switch (api) {
            case CHAT ->
                "data: {\"choices\":[{\"finish_reason\":\"length\",\"index\":0,\"delta\":{}}],\"created\":1700000000,"
                        + "\"id\":\"chatcmpl-sim\",\"model\":\"" + model + "\",\"object\":\"chat.completion.chunk\","
                        + timings + "}\n\n";
            case COMPLETIONS ->
                "data: {\"choices\":[{\"text\":\"\",\"index\":0,\"finish_reason\":\"length\"}],\"model\":\"" + model
                        + "\",\"object\":\"text_completion\"," + usage(predicted) + "," + timings + "}\n\n";
            case NATIVE ->
                "data: {\"index\":0,\"content\":\"\",\"stop\":true,\"stop_type\":\"limit\",\"model\":\"" + model + "\","
                        + timings + "}\n\n";
            case MESSAGES ->
                "event: message_delta\ndata: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"max_tokens\"},"
                        + "\"usage\":{\"output_tokens\":" + predicted
                        + "}}\n\nevent: message_stop\ndata: {\"type\":\"message_stop\"}\n\n";
        };
    }

    String json(String model, int predicted, int cached) {
        String text = " token".repeat(predicted);
        return switch (api) {
            case CHAT ->
                "{\"choices\":[{\"finish_reason\":\"length\",\"index\":0,\"message\":{\"role\":\"assistant\",\"content\":\""
                        + text
                        + "\"}}],\"created\":1700000000,\"model\":\"" + model + "\",\"object\":\"chat.completion\","
                        + usage(predicted)
                        + ",\"id\":\"chatcmpl-sim\"," + timings(predicted, cached) + "}";
            case COMPLETIONS ->
                "{\"choices\":[{\"text\":\"" + text + "\",\"index\":0,\"finish_reason\":\"length\"}],\"model\":\""
                        + model + "\",\"object\":\"text_completion\"," + usage(predicted) + ","
                        + timings(predicted, cached) + "}";
            case NATIVE ->
                "{\"index\":0,\"content\":\"" + text + "\",\"stop\":true,\"model\":\"" + model + "\","
                        + timings(predicted, cached) + "}";
            case MESSAGES ->
                "{\"id\":\"chatcmpl-sim\",\"type\":\"message\",\"role\":\"assistant\",\"model\":\"" + model
                        + "\",\"content\":[{\"type\":\"text\",\"text\":\"" + text
                        + "\"}],\"stop_reason\":\"max_tokens\"}";
        };
    }

    private String usage(int predicted) {
        return "\"usage\":{\"completion_tokens\":" + predicted + ",\"prompt_tokens\":" + promptTokens()
                + ",\"total_tokens\":" + (predicted + promptTokens()) + "}";
    }

    private String timings(int predicted, int cached) {
        return "\"timings\":{\"cache_n\":" + cached + ",\"prompt_n\":" + (promptTokens() - cached) + ",\"predicted_n\":"
                + predicted + "}";
    }

    static @Nullable Api apiOf(String path) {
        return switch (path) {
            case "/v1/chat/completions", "/chat/completions" -> Api.CHAT;
            case "/v1/completions" -> Api.COMPLETIONS;
            case "/completion", "/completions" -> Api.NATIVE;
            case "/v1/messages" -> Api.MESSAGES;
            default -> null;
        };
    }
}
