// SPDX-License-Identifier: MIT
package io.goinfer.proxy.config.swap;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.goinfer.proxy.config.ConfigException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** The vectors of llama-swap's own tests, and what its users have in their files. */
class SwapLoaderTest {
    private static SwapConfig load(String yaml) throws ConfigException {
        return SwapLoader.parse("llama-swap.yml", yaml, Map.of("HOME_DIR", "/h"))
                .config();
    }

    private static List<String> problems(String yaml) {
        ConfigException e = catchThrowableOfType(ConfigException.class, () -> load(yaml));
        assertThat(e).as("a refusal of\n" + yaml).isNotNull();
        return e.problems().stream().map(problem -> problem.text()).toList();
    }

    private static SwapConfig.Model model(String yaml, String id) throws ConfigException {
        return load(yaml).models().get(id);
    }

    @Test
    void macrosUseThoseBeforeThem() throws Exception {
        String yaml = """
                macros:
                  base: /models
                  path: ${base}/l
                  full: ${path}/m.gguf
                models:
                  m:
                    cmd: x ${full}
                    proxy: http://localhost:1
                """;
        assertThat(model(yaml, "m").start().command()).containsExactly("x", "/models/l/m.gguf");
    }

    @Test
    void aForwardReferenceIsUnknown() {
        assertThat(problems("""
                        macros:
                          FIRST: v-${SECOND}
                          SECOND: later
                        models:
                          m: {cmd: 'x ${FIRST}', proxy: 'http://localhost:1'}
                        """))
                .anySatisfy(text ->
                        assertThat(text).contains("unknown macro '${SECOND}'").contains("models.m.cmd"));
    }

    @Test
    void aModelsMacroTakesThePlaceOfTheGlobalOne() throws Exception {
        String yaml = """
                macros: {tag: global, msg: 'v-${tag}'}
                models:
                  m:
                    macros: {tag: own}
                    cmd: x ${msg} ${MODEL_ID}
                    proxy: http://localhost:1
                """;
        assertThat(model(yaml, "m").start().command()).containsExactly("x", "v-own", "m");
    }

    @Test
    void portsAreGivenInTheOrderOfTheIds() throws Exception {
        String yaml = """
                startPort: 9000
                macros: {AP: '--port ${PORT}'}
                models:
                  model2: {cmd: 's ${AP}'}
                  model1: {cmd: 's ${AP}'}
                  author/m: {cmd: 's ${AP}'}
                  fixed: {cmd: 's', proxy: 'http://127.0.0.1:7'}
                """;
        SwapConfig config = load(yaml);
        assertThat(config.models().values().stream().map(model -> model.start().port()))
                .containsExactly(9000, 0, 9001, 9002);
        assertThat(config.models().get("model1").start().command()).containsExactly("s", "--port", "${PORT}");
        assertThat(config.models().get("model1").start().proxy()).isEqualTo("http://localhost:${PORT}");
    }

    @Test
    void aProxyWithThePortNeedsACommandWithIt() {
        assertThat(problems("models: {m: {cmd: x}}"))
                .anySatisfy(text -> assertThat(text).contains("proxy uses ${PORT} but cmd does not"));
    }

    @Test
    void reservedAndSelfReferringMacrosAreRefused() {
        assertThat(problems("macros: {PORT: 1}\nmodels: {}"))
                .anySatisfy(text -> assertThat(text).contains("macro name 'PORT' is reserved"));
        assertThat(problems("macros: {a: 'x${a}'}\nmodels: {}"))
                .anySatisfy(text -> assertThat(text).contains("contains self-reference"));
        assertThat(problems("macros: {a: [1]}\nmodels: {}"))
                .anySatisfy(text -> assertThat(text).contains("must be a scalar type"));
    }

    @Test
    void thePidIsLeftForTheStop() throws Exception {
        String yaml = """
                macros: {STOP: 'kill ${PID}'}
                models: {m: {cmd: 'x ${PORT}', cmdStop: '${STOP}'}}
                """;
        assertThat(model(yaml, "m").start().stopCommand()).containsExactly("kill", "${PID}");
    }

    @Test
    void aMacroInACommentDoesNotLeak() throws Exception {
        String yaml = """
                macros:
                  args: |
                    -a 1
                    -b 2
                models:
                  m:
                    proxy: http://localhost:1
                    cmd: |
                      x
                      # ${args}
                      -c
                """;
        assertThat(model(yaml, "m").start().command()).containsExactly("x", "-c");
    }

    @Test
    void theEnvironmentComesBeforeYaml() throws Exception {
        String yaml = """
                # ${env.NOT_SET} in a comment
                models: {m: {cmd: 'x ${env.HOME_DIR}/f', proxy: 'http://localhost:1'}}
                """;
        assertThat(model(yaml, "m").start().command()).containsExactly("x", "/h/f");
        assertThat(problems("models: {m: {cmd: '${env.MISSING} ${PORT}'}}"))
                .anySatisfy(text -> assertThat(text).contains("environment variable 'MISSING' is not set"));
    }

    @Test
    void defaultsAreLlamaSwaps() throws Exception {
        SwapConfig config = load("globalTTL: 30\nhealthCheckTimeout: 3\nmodels: {m: {cmd: 'x ${PORT}'}}");
        SwapConfig.Model model = config.models().get("m");
        assertThat(config.settings().healthCheckTimeout()).isEqualTo(Duration.ofSeconds(15));
        assertThat(model.start().port()).isEqualTo(5800);
        assertThat(model.start().checkEndpoint()).isEqualTo("/health");
        assertThat(model.ttl()).isEqualTo(Duration.ofSeconds(30));
        assertThat(model.unloadTimeout()).isEqualTo(Duration.ofSeconds(10));
        assertThat(model.concurrencyLimit()).isEqualTo(10);
        assertThat(model(" models: {m: {cmd: 'x ${PORT}', checkEndpoint: none, ttl: 0}}", "m")
                        .start()
                        .checkEndpoint())
                .isEmpty();
    }

    @Test
    void aServerThatAlreadyRunsNeedsNoCommand() throws Exception {
        assertThat(model("models: {m: {proxy: 'http://127.0.0.1:9999'}}", "m")
                        .start()
                        .command())
                .isEmpty();
    }

    @Test
    void groupsAndPreloadFollowAliasesAndReportStrangers() throws Exception {
        String yaml = """
                models:
                  a: {cmd: 'x ${PORT}', aliases: [first]}
                  b: {cmd: 'x ${PORT}'}
                groups:
                  g: {swap: false, exclusive: false, members: [first, nobody]}
                hooks: {on_startup: {preload: [first, b, ghost]}}
                """;
        SwapLoader.Loaded loaded = SwapLoader.parse("f", yaml, Map.of());
        assertThat(loaded.config().routing().groups().get(0).members()).containsExactly("a");
        assertThat(loaded.config().routing().groups().get(0).swap()).isFalse();
        assertThat(loaded.config().preload()).containsExactly("a", "b");
        assertThat(loaded.warnings()).hasSize(2);
    }

    @Test
    void everyProblemComesAtOnceWithItsLine() {
        List<String> problems = problems("""
                startPort: zero
                models:
                  a: {cmd: 'x ${PORT}', aliases: [n], ttl: -2}
                  b: {cmd: 'x ${nope}', proxy: 'localhost:1', aliases: [n]}
                groups:
                  g: {members: [a]}
                  h: {members: [a]}
                """);
        assertThat(problems).hasSizeGreaterThanOrEqualTo(6);
        assertThat(problems)
                .anySatisfy(
                        text -> assertThat(text).startsWith("llama-swap.yml:1").contains("startPort"));
        assertThat(problems).anySatisfy(text -> assertThat(text).contains("duplicate alias n"));
        assertThat(problems).anySatisfy(text -> assertThat(text).contains("is in group g already"));
    }

    @Test
    void anUnknownKeyNamesTheNearestOne() throws Exception {
        SwapLoader.Loaded loaded =
                SwapLoader.parse("f", "helthCheckTimeout: 20\nmodels: {m: {cmd: 'x ${PORT}', tll: 3}}", Map.of());
        assertThat(loaded.warnings())
                .anySatisfy(warning -> assertThat(warning.text()).contains("healthCheckTimeout"));
        assertThat(loaded.warnings())
                .anySatisfy(warning -> assertThat(warning.text()).contains("ttl"));
    }

    @Test
    void theFileThatGoinferGeneratesLoadsWithoutAWord() throws Exception {
        SwapLoader.Loaded loaded = SwapLoader.parse("f", """
                # Doc: https://github.com/mostlygeek/llama-swap/wiki/Configuration

                healthCheckTimeout: 120
                logRequests: false
                logLevel: info
                metricsMaxInMemory: 500
                models:
                    GI_Phi-4-Q6_K:
                        cmd: '${cmd-goinfer} -m /m/Phi-4-Q6_K.gguf '
                        cmdStop: ""
                        proxy: http://localhost:${PORT}
                        aliases: []
                        env: []
                        checkEndpoint: /health
                        ttl: 0
                        unlisted: true
                        useModelName: Phi-4-Q6_K
                        name: ""
                        description: ""
                        concurrencyLimit: 0
                        filters:
                            stripParams: ""
                        macros: {}
                    Phi-4-Q6_K:
                        cmd: '${cmd-openai} -m /m/Phi-4-Q6_K.gguf '
                        proxy: http://localhost:${PORT}
                profiles: {}
                groups: {}
                macros:
                    cmd-goinfer: /opt/ls --port ${PORT} --props --no-warmup --jinja --chat-template-file template.jinja
                    cmd-openai: /opt/ls --port ${PORT} --props --no-warmup
                startPort: 5800
                hooks:
                    on_startup:
                        preload: []
                """, Map.of());
        assertThat(loaded.warnings()).isEmpty();
        SwapConfig.Model twin = loaded.config().models().get("GI_Phi-4-Q6_K");
        assertThat(twin.start().port()).isEqualTo(5800);
        assertThat(twin.unlisted()).isTrue();
        assertThat(twin.useModelName()).isEqualTo("Phi-4-Q6_K");
        assertThat(loaded.config().models().get("Phi-4-Q6_K").start().command())
                .containsExactly("/opt/ls", "--port", "${PORT}", "--props", "--no-warmup", "-m", "/m/Phi-4-Q6_K.gguf");
    }
}
