// SPDX-License-Identifier: MIT
package io.goinfer.launcher;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.goinfer.proxy.config.ConfigLoader;
import io.goinfer.proxy.config.GoinferConfig;
import io.goinfer.proxy.config.swap.SwapConfig;
import io.goinfer.proxy.config.swap.SwapLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class GenerateConfigTest {
    @TempDir
    Path folder;

    private GoinferConfig config(Path file) throws Exception {
        ConfigLoader.Loaded loaded = ConfigLoader.load(file, Map.of());
        assertThat(loaded.warnings()).isEmpty();
        return loaded.config();
    }

    @Test
    void theMainFileHasTwoKeysAndThePortsOfTheReadme() throws Exception {
        Path file = new GenerateConfig(folder, Map.of("GI_MODELS_DIR", "/m")).main(false, false);

        GoinferConfig config = config(file);
        assertThat(config.server().apiKeys()).containsOnlyKeys("admin", "user");
        assertThat(config.server().apiKeys().values())
                .allMatch(key -> key.matches("[0-9a-f]{64}"))
                .doesNotHaveDuplicates();
        assertThat(config.server().listen())
                .extracting(Object::toString)
                .containsExactly("localhost:4444", "localhost:5555");
        assertThat(config.models().folders()).containsExactly(Path.of("/m"));
        assertThat(Files.getPosixFilePermissions(file)).hasSize(2);
    }

    @Test
    void whatAFileHasIsKeptAndWhatIsMissingAdded() throws Exception {
        Path file =
                Files.writeString(folder.resolve("goinfer.yml"), "# mine\nlimits: {streams: 7}\nmodels_dir: /own\n");

        new GenerateConfig(folder, Map.of()).main(false, false);

        assertThat(Files.readString(file)).startsWith("# mine\nlimits: {streams: 7}\nmodels_dir: /own\nserver:\n");
        assertThat(config(file).limits().streams()).isEqualTo(7);
        assertThat(Files.readString(folder.resolve("goinfer.yml.backup"))).startsWith("# mine");
    }

    @Test
    void everyModelAndItsTwinStandInTheSwapFile() throws Exception {
        Path models = Files.createDirectories(folder.resolve("my models/acme"));
        Files.write(models.resolve("coder&c=8192.gguf"), new byte[2_000]);
        GoinferConfig config = ConfigLoader.load(
                        null,
                        Map.of("GI_MODELS_DIR", folder.resolve("my models").toString(), "GI_LLAMA_EXE", "/opt/ls"))
                .config();
        GenerateConfig generator = new GenerateConfig(folder, Map.of());

        Path file = generator.swap(config, false, "info");

        SwapLoader.Loaded loaded = SwapLoader.load(file, null, Map.of());
        assertThat(loaded.warnings()).isEmpty();
        SwapConfig.Model model = loaded.config().models().get("acme/coder");
        assertThat(model.start().command())
                .containsExactly(
                        "/opt/ls", "--port", "${PORT}", "-m", models.toRealPath() + "/coder&c=8192.gguf", "-c", "8192");
        assertThat(loaded.config().models().get("GI_acme/coder").useModelName()).isEqualTo("acme/coder");
        assertThat(Files.readString(folder.resolve("template.jinja"))).isEqualTo("{{- messages[0].content -}}");

        generator.swap(config, false, "info");
        Files.writeString(file, Files.readString(file) + "# by hand\n");
        assertThatThrownBy(() -> generator.swap(config, false, "info")).hasMessageContaining("changed by hand");
        generator.swap(config, true, "info");
        assertThat(Files.readString(folder.resolve("llama-swap.yml.backup"))).endsWith("# by hand\n");
    }
}
