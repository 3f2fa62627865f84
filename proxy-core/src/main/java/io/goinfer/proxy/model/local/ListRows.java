// SPDX-License-Identifier: MIT
package io.goinfer.proxy.model.local;

import io.goinfer.proxy.config.swap.SwapConfig.Capabilities;
import io.goinfer.proxy.config.swap.SwapConfig.Selector;
import io.goinfer.proxy.json.JsonTree;
import io.goinfer.proxy.model.gguf.GgufHeader;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What stands in a model's row of /v1/models, with llama-swap's names. Pure. */
final class ListRows {
    private static final List<String> FROM_CAPABILITIES =
            List.of("architecture", "capabilities", "supported_parameters", "context_length");

    /** @param rowJson members of the row; @param metaJson its {@code meta}; JSON objects or "" */
    record Row(String rowJson, String metaJson) {}

    private ListRows() {}

    static Row row(LocalModel model) {
        return new Row(
                model.listing().rowJson(),
                typed(model.listing().metaJson(), "model", Map.of("aliases", model.names())));
    }

    static Row alias(LocalModel model) {
        return new Row(
                model.listing().rowJson(), typed(model.listing().metaJson(), "alias", Map.of("modelID", model.id())));
    }

    static Row selector(Selector selector) {
        Map<String, @Nullable Object> row = named(selector.name(), selector.description());
        Map<String, @Nullable Object> more = new LinkedHashMap<>();
        more.put("strategy", selector.strategy().name().toLowerCase(Locale.ROOT));
        more.put("targets", selector.targets());
        more.put("spillover", selector.spillover());
        Map<String, @Nullable Object> meta = new LinkedHashMap<>();
        meta.put("llamaswap", object(selector.metadata()));
        return new Row(text(row), typed(JsonTree.write(meta), "selector", more));
    }

    static String typed(String type, Map<String, ? extends @Nullable Object> more) {
        return typed("", type, more);
    }

    /** {@code meta} with what kind of name it is. */
    private static String typed(String metaJson, String type, Map<String, ? extends @Nullable Object> more) {
        Map<String, @Nullable Object> meta = object(metaJson);
        Map<String, @Nullable Object> swap = JsonTree.map(meta.get("llamaswap"));
        swap.put("type", type);
        more.forEach((name, value) -> {
            if (!(value instanceof List<?> list) || !list.isEmpty()) {
                swap.put(name, value);
            }
        });
        meta.put("llamaswap", swap);
        return JsonTree.write(meta);
    }

    /** Of a configured model. */
    static Row configured(String name, String description, String metadata, Capabilities can) {
        Map<String, @Nullable Object> row = named(name, description);
        Map<String, @Nullable Object> meta = new LinkedHashMap<>();
        Map<String, @Nullable Object> swap = object(metadata);
        if (!can.equals(Capabilities.NONE)) {
            FROM_CAPABILITIES.forEach(swap::remove);
            capabilities(can, row);
            if (can.context() > 0) {
                meta.put("n_ctx", can.context());
            }
        }
        meta.put("llamaswap", swap);
        return new Row(text(row), JsonTree.write(meta));
    }

    private static void capabilities(Capabilities can, Map<String, @Nullable Object> row) {
        if (!can.in().isEmpty() || !can.out().isEmpty()) {
            Map<String, @Nullable Object> architecture = new LinkedHashMap<>();
            architecture.put("input_modalities", can.in());
            architecture.put("output_modalities", can.out());
            architecture.put("modality", String.join("+", can.in()) + "->" + String.join("+", can.out()));
            row.put("architecture", architecture);
        }
        Map<String, @Nullable Object> flags = new LinkedHashMap<>();
        boolean in = !can.in().isEmpty();
        flag(flags, "vision", can.in().contains("image"));
        flag(
                flags,
                "audio_transcriptions",
                can.in().contains("audio") && can.out().contains("text"));
        flag(flags, "audio_speech", in && can.in().contains("text") && can.out().contains("audio"));
        flag(
                flags,
                "image_generation",
                in && can.in().contains("text") && can.out().contains("image"));
        flag(flags, "image_to_image", can.in().contains("image") && can.out().contains("image"));
        flag(flags, "function_calling", can.tools());
        flag(flags, "reranker", can.reranker());
        if (!flags.isEmpty()) {
            row.put("capabilities", flags);
        }
        if (can.tools()) {
            row.put("supported_parameters", List.of("tools", "tool_choice"));
        }
        if (can.context() > 0) {
            row.put("context_length", can.context());
        }
    }

    private static void flag(Map<String, @Nullable Object> flags, String name, boolean value) {
        if (value) {
            flags.put(name, Boolean.TRUE);
        }
    }

    /** Of a file, as its header says. */
    static Row found(@Nullable GgufHeader header, long bytes) {
        Map<String, @Nullable Object> row = new LinkedHashMap<>();
        Map<String, @Nullable Object> meta = new LinkedHashMap<>();
        if (bytes > 0) {
            meta.put("size", bytes);
        }
        if (header != null) {
            if (!header.architecture().isEmpty()) {
                meta.put("architecture", header.architecture());
            }
            if (!header.quantisation().isEmpty()) {
                meta.put("quantization", header.quantisation());
            }
            if (header.contextLength() > 0) {
                meta.put("n_ctx_train", header.contextLength());
            }
            meta.put("chat_template", header.chat());
        }
        return new Row(text(row), text(meta));
    }

    /** Both; of one name the second counts. */
    static String merged(String first, String second) {
        Map<String, @Nullable Object> all = object(first);
        all.putAll(object(second));
        return text(all);
    }

    private static Map<String, @Nullable Object> named(String name, String description) {
        Map<String, @Nullable Object> row = new LinkedHashMap<>();
        if (!name.isEmpty()) {
            row.put("name", name);
        }
        if (!description.isEmpty()) {
            row.put("description", description);
        }
        return row;
    }

    private static Map<String, @Nullable Object> object(String json) {
        if (json.isEmpty()) {
            return new LinkedHashMap<>();
        }
        try {
            return JsonTree.map(JsonTree.read(json));
        } catch (IOException e) {
            throw new IllegalStateException("it was written here", e);
        }
    }

    private static String text(Map<String, @Nullable Object> map) {
        return map.isEmpty() ? "" : JsonTree.write(map);
    }
}
