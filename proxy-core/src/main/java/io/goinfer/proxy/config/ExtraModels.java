// SPDX-License-Identifier: MIT
package io.goinfer.proxy.config;

import io.goinfer.proxy.config.swap.CommandWords;
import io.goinfer.proxy.config.swap.SwapConfig;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * GI_EXTRA_MODELS: models that llama-server fetches itself, {@code name=flags|||name2}. Without flags {@code -hf name}. Pure.
 */
final class ExtraModels {
    private ExtraModels() {}

    static SwapConfig of(@Nullable String text, String exe) {
        Map<String, SwapConfig.Model> models = new LinkedHashMap<>();
        int port = SwapConfig.empty().settings().startPort();
        for (String one : text == null ? new String[0] : text.split("\\|\\|\\|")) {
            String plain = one.strip();
            int equals = plain.indexOf('=');
            String name = equals < 0 ? plain : plain.substring(0, equals).strip();
            String flags = equals < 0 ? "" : plain.substring(equals + 1).strip();
            if (name.isEmpty()) {
                continue;
            }
            List<String> command = new ArrayList<>(List.of(exe, "--port", "${PORT}"));
            command.addAll(flags.isEmpty() ? List.of("-hf", name) : CommandWords.split(flags));
            models.put(name, SwapConfig.simple(name, command, port++));
        }
        return SwapConfig.of(SwapConfig.empty().settings(), models);
    }
}
