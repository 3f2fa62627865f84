// SPDX-License-Identifier: MIT
package io.goinfer.proxy.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ConfigLoaderTest {
    @TempDir
    Path folder;

    private ConfigLoader.Loaded load(String yaml, Map<String, String> environment) throws Exception {
        Path file = Files.writeString(folder.resolve("goinfer.yml"), yaml);
        return ConfigLoader.load(file, environment);
    }

    @Test
    void readsEveryKey() throws Exception {
        GoinferConfig config = load("""
                        server:
                          api_key: { admin: "aaa", user: bbb }
                          origins: https://a.example, localhost
                          listen:
                            ":4444": models openai
                            "0.0.0.0:8443": { services: [openai, tunnel], tls: true }
                          public_url: https://gpu.example.com:8443
                        node:
                          name: pc
                          relays: [https://gpu.example.com:8443]
                          backends:
                            - http://127.0.0.1:8081
                            - { name: vllm, url: "http://127.0.0.1:8000/v1", key_env: VLLM_KEY }
                        limits: { body: 1GiB, drain: 5s, streams: 64 }
                        """, Map.of()).config();

        assertThat(config.server().listen()).hasSize(2);
        assertThat(config.server().listen().get(0).services()).isEqualTo(Set.of(Service.MODELS, Service.OPENAI));
        assertThat(config.server().listen().get(0).usesTls()).isFalse();
        assertThat(config.server().listen().get(1).usesTls()).isTrue();
        assertThat(config.server().origins()).containsExactly("https://a.example", "localhost");
        assertThat(config.node().backends()).extracting(BackendConfig::name).containsExactly("127.0.0.1:8081", "vllm");
        assertThat(config.limits().bodyBytes()).isEqualTo(1L << 30);
        assertThat(config.limits().drain()).isEqualTo(Duration.ofSeconds(5));
        assertThat(config.toString()).doesNotContain("aaa").doesNotContain("bbb");
    }

    @Test
    void tellsAllProblemsAtOnceWithLineAndNearestKey() {
        ConfigException problems = catchThrowableOfType(ConfigException.class, () -> load("""
                        sever: {}
                        server:
                          listen: { "nowhere": openai, ":1": opnai }
                          public_url: http://plain
                          api_key: { admin: "PLEASE set me" }
                        limits:
                          drain: soon
                        node:
                          backends: ["http://user:secret@host:1"]
                        """, Map.of()));

        assertThat(problems.problems()).hasSize(7);
        assertThat(problems.getMessage())
                .contains(":1: sever: unknown key (did you mean: server?)")
                .contains(":7: limits.drain: soon (expected: a duration such as 30s)")
                .contains("placeholder")
                .contains("opnai (expected: openai,")
                .doesNotContain("secret");
    }

    @Test
    void theEnvironmentBeatsTheFileAndAnEmptyOriginsMeansNone() throws Exception {
        GoinferConfig config = load(
                        "server: { origins: [x], api_key: {user: file} }",
                        Map.of("GI_ORIGINS", "", "GI_API_KEY_USER", "env", "GI_API_KEY", "root", "GI_HOST", " "))
                .config();

        assertThat(config.server().origins()).isEmpty();
        assertThat(config.server().apiKeys()).containsEntry("user", "env").containsEntry("admin", "root");
    }

    @Test
    void unknownVariablesAreWarnings() throws Exception {
        List<ConfigProblem> warnings = load("", Map.of("GI_ORIGIN", "x")).warnings();

        assertThat(warnings)
                .extracting(ConfigProblem::text)
                .anyMatch(text -> text.contains("did you mean: GI_ORIGINS?"));
    }

    @Test
    void modelsComeFromTheFileOrTheEnvironment() throws Exception {
        String yaml = "models_dir: /m:/n\nllama: {exe: /opt/ls, args: {common: --no-warmup -t 2, goinfer: --jinja}}";

        assertThat(load(yaml, Map.of()).config().models().folders()).containsExactly(Path.of("/m"), Path.of("/n"));
        assertThat(load(yaml, Map.of()).config().models().commonArgs()).containsExactly("--no-warmup", "-t", "2");
        GoinferConfig config =
                load(yaml, Map.of("GI_MODELS_DIR", "/x", "GI_LLAMA_EXE", "/y")).config();
        assertThat(config.models().folders()).containsExactly(Path.of("/x"));
        assertThat(config.models().llamaExe()).isEqualTo("/y");
    }

    @Test
    void damagedYamlNamesTheLine() {
        assertThatThrownBy(() -> load("a: [1\nb: 2", Map.of()))
                .isInstanceOf(ConfigException.class)
                .hasMessageContaining("YAML");
    }
}
