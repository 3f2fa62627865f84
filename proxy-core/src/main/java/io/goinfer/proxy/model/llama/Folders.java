// SPDX-License-Identifier: MIT
package io.goinfer.proxy.model.llama;

import io.goinfer.proxy.json.JsonTree;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** How each API's events become its JSON answer, as llama-server itself would have given it. */
final class Folders {
    /** Members of an event that describe the answer as a whole: the last one counts. */
    private static final List<String> WHOLE =
            List.of("created", "model", "system_fingerprint", "usage", "id", "timings");

    private Folders() {}

    static Folded.Folder of(LlamaPaths.Shape shape, boolean returnTokens) {
        return switch (shape) {
            case CHAT -> new Chat();
            case TEXT -> new Text();
            case NATIVE -> new Native(returnTokens);
            case RESPONSES -> new Responses();
            case MESSAGES -> new Messages();
        };
    }

    /** {@code choices}: what is said of each, joined. */
    private abstract static class Choices implements Folded.Folder {
        final Map<String, @Nullable Object> whole = new LinkedHashMap<>();

        @Nullable
        Object finishReason;

        @Override
        public void event(Map<String, @Nullable Object> event) {
            for (String name : WHOLE) {
                if (event.get(name) != null) {
                    whole.put(name, event.get(name));
                }
            }
            for (Object one : JsonTree.list(event.get("choices"))) {
                Map<String, @Nullable Object> choice = JsonTree.map(one);
                if (choice.get("finish_reason") != null) {
                    finishReason = choice.get("finish_reason");
                }
                choice(choice);
            }
        }

        abstract void choice(Map<String, @Nullable Object> choice);

        Map<String, @Nullable Object> answer(String object, Map<String, @Nullable Object> choice) throws IOException {
            if (finishReason == null) {
                throw new IOException("no finish_reason came");
            }
            Map<String, @Nullable Object> answer = new LinkedHashMap<>();
            answer.put("choices", List.of(choice));
            for (String name : List.of("created", "model", "system_fingerprint")) {
                copy(whole, answer, name);
            }
            answer.put("object", object);
            for (String name : List.of("usage", "id", "timings")) {
                copy(whole, answer, name);
            }
            return answer;
        }
    }

    private static void copy(Map<String, @Nullable Object> from, Map<String, @Nullable Object> to, String name) {
        if (from.containsKey(name)) {
            to.put(name, from.get(name));
        }
    }

    private static final class Chat extends Choices {
        private final StringBuilder content = new StringBuilder();
        private final StringBuilder reasoning = new StringBuilder();
        private final Map<Long, Map<String, @Nullable Object>> calls = new TreeMap<>();
        private final Map<Long, StringBuilder> arguments = new TreeMap<>();

        @Override
        void choice(Map<String, @Nullable Object> choice) {
            Map<String, @Nullable Object> delta = JsonTree.map(choice.get("delta"));
            content.append(JsonTree.text(delta.get("content")));
            reasoning.append(JsonTree.text(delta.get("reasoning_content")));
            for (Object one : JsonTree.list(delta.get("tool_calls"))) {
                call(JsonTree.map(one));
            }
        }

        private void call(Map<String, @Nullable Object> part) {
            long index = JsonTree.number(part.get("index"), 0);
            Map<String, @Nullable Object> call = calls.computeIfAbsent(index, key -> new LinkedHashMap<>());
            StringBuilder text = arguments.computeIfAbsent(index, key -> new StringBuilder());
            Map<String, @Nullable Object> function = JsonTree.map(part.get("function"));
            text.append(JsonTree.text(function.get("arguments")));
            call.putIfAbsent("type", "function");
            Map<String, @Nullable Object> merged = JsonTree.map(call.get("function"));
            if (function.get("name") != null) {
                merged.put("name", function.get("name"));
            }
            call.put("function", merged);
            if (part.get("id") != null) {
                call.put("id", part.get("id"));
            }
        }

        @Override
        public Map<String, @Nullable Object> answer() throws IOException {
            Map<String, @Nullable Object> message = new LinkedHashMap<>();
            message.put("role", "assistant");
            message.put("content", content.isEmpty() && !calls.isEmpty() ? null : content.toString());
            if (!reasoning.isEmpty()) {
                message.put("reasoning_content", reasoning.toString());
            }
            if (!calls.isEmpty()) {
                calls.forEach((index, call) -> JsonTree.map(call.get("function"))
                        .put(
                                "arguments",
                                arguments
                                        .getOrDefault(index, new StringBuilder())
                                        .toString()));
                message.put("tool_calls", new ArrayList<>(calls.values()));
            }
            Map<String, @Nullable Object> choice = new LinkedHashMap<>();
            choice.put("finish_reason", finishReason);
            choice.put("index", 0);
            choice.put("message", message);
            return answer("chat.completion", choice);
        }
    }

    private static final class Text extends Choices {
        private final StringBuilder text = new StringBuilder();

        @Override
        void choice(Map<String, @Nullable Object> choice) {
            text.append(JsonTree.text(choice.get("text")));
        }

        @Override
        public Map<String, @Nullable Object> answer() throws IOException {
            Map<String, @Nullable Object> choice = new LinkedHashMap<>();
            choice.put("text", text.toString());
            choice.put("index", 0);
            choice.put("logprobs", null);
            choice.put("finish_reason", finishReason);
            return answer("text_completion", choice);
        }
    }

    /** The last event is the answer, but for the text. */
    private static final class Native implements Folded.Folder {
        private final boolean returnTokens;
        private final StringBuilder content = new StringBuilder();
        private final List<@Nullable Object> tokens = new ArrayList<>();
        private Map<String, @Nullable Object> last = new LinkedHashMap<>();

        Native(boolean returnTokens) {
            this.returnTokens = returnTokens;
        }

        @Override
        public void event(Map<String, @Nullable Object> event) {
            content.append(JsonTree.text(event.get("content")));
            if (returnTokens) {
                tokens.addAll(JsonTree.list(event.get("tokens")));
            }
            last = event;
        }

        @Override
        public Map<String, @Nullable Object> answer() throws IOException {
            if (!Boolean.TRUE.equals(last.get("stop"))) {
                throw new IOException("no last event came");
            }
            last.put("content", content.toString());
            last.put("tokens", tokens);
            Map<String, @Nullable Object> settings = JsonTree.map(last.get("generation_settings"));
            if (settings.containsKey("stream")) {
                settings.put("stream", Boolean.FALSE);
            }
            return last;
        }
    }

    /** {@code response.completed} holds it whole. */
    private static final class Responses implements Folded.Folder {
        private @Nullable Map<String, @Nullable Object> completed;

        @Override
        public void event(Map<String, @Nullable Object> event) {
            if ("response.completed".equals(event.get("type"))) {
                completed = JsonTree.map(event.get("response"));
            }
        }

        @Override
        public Map<String, @Nullable Object> answer() throws IOException {
            if (completed == null) {
                throw new IOException("no response.completed came");
            }
            completed.putIfAbsent("completed_at", completed.get("created_at"));
            return completed;
        }
    }

    /** Anthropic's messages: blocks that grow. */
    private static final class Messages implements Folded.Folder {
        private Map<String, @Nullable Object> message = new LinkedHashMap<>();
        private final Map<Long, Map<String, @Nullable Object>> blocks = new TreeMap<>();
        private final Map<Long, StringBuilder> texts = new TreeMap<>();
        private boolean stopped;

        @Override
        public void event(Map<String, @Nullable Object> event) {
            long index = JsonTree.number(event.get("index"), 0);
            switch (JsonTree.text(event.get("type"))) {
                case "message_start" -> message = JsonTree.map(event.get("message"));
                case "content_block_start" -> blocks.put(index, JsonTree.map(event.get("content_block")));
                case "content_block_delta" -> delta(index, JsonTree.map(event.get("delta")));
                case "message_delta" -> {
                    message.putAll(JsonTree.map(event.get("delta")));
                    JsonTree.map(message.get("usage")).putAll(JsonTree.map(event.get("usage")));
                }
                case "message_stop" -> stopped = true;
                default -> {}
            }
        }

        private void delta(long index, Map<String, @Nullable Object> delta) {
            StringBuilder text = texts.computeIfAbsent(index, key -> new StringBuilder());
            text.append(JsonTree.text(delta.get("text")))
                    .append(JsonTree.text(delta.get("thinking")))
                    .append(JsonTree.text(delta.get("partial_json")));
            if (delta.get("signature") != null) {
                blocks.getOrDefault(index, new LinkedHashMap<>()).put("signature", delta.get("signature"));
            }
        }

        @Override
        public Map<String, @Nullable Object> answer() throws IOException {
            if (!stopped) {
                throw new IOException("no message_stop came");
            }
            for (Map.Entry<Long, Map<String, @Nullable Object>> one : blocks.entrySet()) {
                String text =
                        texts.getOrDefault(one.getKey(), new StringBuilder()).toString();
                switch (JsonTree.text(one.getValue().get("type"))) {
                    case "text" -> one.getValue().put("text", text);
                    case "thinking" -> one.getValue().put("thinking", text);
                    case "tool_use" -> one.getValue().put("input", JsonTree.read(text.isBlank() ? "{}" : text));
                    default -> {}
                }
            }
            message.put("content", new ArrayList<>(blocks.values()));
            return message;
        }
    }
}
