// SPDX-License-Identifier: MIT
package io.goinfer.launcher;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.goinfer.proxy.config.ConfigException;
import io.goinfer.proxy.config.ConfigLoader;
import io.goinfer.proxy.config.ConfigProblem;
import io.goinfer.proxy.config.swap.SwapLoader;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;

/** The two example files of the original's README, as printed: with placeholders for keys, and groups of models that are not there. */
class ReadmeFilesTest {
    private static Path file(String name) throws URISyntaxException {
        return Path.of(Objects.requireNonNull(ReadmeFilesTest.class.getResource("/readme/" + name))
                .toURI());
    }

    private static List<String> texts(List<ConfigProblem> problems) {
        return problems.stream().map(ConfigProblem::text).toList();
    }

    @Test
    void goinferYmlNeedsKeysFromSomewhere() throws Exception {
        assertThatThrownBy(() -> ConfigLoader.load(file("goinfer.yml"), Map.of()))
                .isInstanceOf(ConfigException.class)
                .hasMessageContaining("is a placeholder");
        ConfigLoader.Loaded withKeys = ConfigLoader.load(
                file("goinfer.yml"), Map.of("GI_API_KEY_ADMIN", "a".repeat(64), "GI_API_KEY_USER", "b".repeat(64)));
        assertThat(texts(withKeys.warnings())).hasSize(2).allMatch(text -> text.contains("it is not used"));
        assertThat(withKeys.config().server().apiKeys()).containsOnlyKeys("admin", "user");
        assertThat(withKeys.config().server().listen()).hasSize(4);
        assertThat(withKeys.config().models().goinferArgs())
                .containsExactly("--jinja", "--chat-template-file", "template.jinja");

        ConfigLoader.Loaded without = ConfigLoader.load(file("goinfer.yml"), Map.of(), true);
        assertThat(without.config().server().apiKeys()).isEmpty();
    }

    @Test
    void llamaSwapYmlWarnsOnceForEachModelThatIsNotThere() throws Exception {
        SwapLoader.Loaded loaded = SwapLoader.load(file("llama-swap.yml"), null, Map.of());
        assertThat(texts(loaded.warnings())).hasSize(8).allMatch(text -> text.contains("no model is called"));
        assertThat(loaded.config().models()).containsOnlyKeys("Qwen2.5-1.5B-Instruct-Q4_K_M");
        assertThat(loaded.config().preload()).containsExactly("Qwen2.5-1.5B-Instruct-Q4_K_M");
    }
}
