// SPDX-License-Identifier: MIT
package io.goinfer.launcher;

import static io.goinfer.tunnel.testing.Eventually.eventually;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.goinfer.bench.FreePort;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The real llama-server with a small GGUF behind the tunnel, driven by the official openai client. {@code .ci/install-parts} installs them. */
class RealLlamaTest {
    @TempDir
    Path folder;

    private static Path parts() {
        String given = System.getenv("GOINFER_TEST_PARTS");
        return given == null
                ? Path.of(System.getProperty("user.home"), ".cache", "goinfer-test-parts")
                : Path.of(given);
    }

    @Test
    void theOpenAiClientChatsWithARealModelThroughTheTunnel() throws Exception {
        Path server = parts().resolve("llama-server");
        Path model = parts().resolve("gemma-3-270m-q4_k_m.gguf");
        Path python = parts().resolve("venv/bin/python");
        assumeTrue(
                Files.isExecutable(server) && Files.exists(model) && Files.exists(python),
                "SKIPPED: no llama-server, GGUF or openai client in " + parts() + "; .ci/install-parts installs them");
        try (Processes processes = new Processes(folder)) {
            int backend = FreePort.find();
            processes.start(
                    "llama.log",
                    List.of(
                            server.toString(),
                            "-m",
                            model.toString(),
                            "--offline",
                            "--no-ui",
                            "-t",
                            "1",
                            "-c",
                            "4096",
                            "-np",
                            "2",
                            "-b",
                            "256",
                            "--port",
                            Integer.toString(backend)));
            RelayProcess relay = RelayProcess.start(processes, folder);
            int port = relay.port();
            String key = relay.key();
            processes.goinfer(
                    "node.log",
                    "connect",
                    relay.url(),
                    "--state-dir",
                    folder.resolve("node").toString(),
                    "--token-file",
                    relay.tokenFile(),
                    "--backend",
                    "http://127.0.0.1:" + backend);
            // Without an alias llama-server calls the model by its path; goinfer by the file's name.
            String id = "gemma-3-270m-q4_k_m";
            StringBuilder list = new StringBuilder();
            eventually("the model is listed", Duration.ofSeconds(60), () -> {
                list.setLength(0);
                return Processes.answer("http://127.0.0.1:" + port + "/v1/models", key, null, list) == 200
                        && list.indexOf("\"" + id) > 0;
            });

            Path script = Files.writeString(folder.resolve("client.py"), SCRIPT);
            Process client = processes.start(
                    "client.log",
                    List.of(python.toString(), script.toString(), "http://127.0.0.1:" + port + "/v1", key, id));

            assertThat(client.waitFor()).as(processes.log("client.log")).isZero();
            assertThat(processes.log("client.log")).contains("ALL GOOD");
            System.out.println(processes.log("client.log"));
        }
    }

    @Test
    void modelsOnDiskAreStartedWhenTheyAreAskedForAndEndWithTheirNode() throws Exception {
        Path server = parts().resolve("llama-server");
        Path model = parts().resolve("gemma-3-270m-q4_k_m.gguf");
        assumeTrue(
                Files.isExecutable(server) && Files.exists(model),
                "SKIPPED: no llama-server or GGUF in " + parts() + "; .ci/install-parts installs them");
        Path models = Files.createDirectories(folder.resolve("models/google"));
        Files.createSymbolicLink(models.resolve("gemma-270m.gguf"), model);
        Files.createSymbolicLink(folder.resolve("models/second&np=1.gguf"), model);
        Path config = Files.writeString(
                folder.resolve("node.yml"),
                "models_dir: " + folder.resolve("models") + "\nllama:\n  exe: " + server
                        + "\n  args: {common: --offline --no-ui -t 1 -c 1024 -b 256}\n");
        try (Processes processes = new Processes(folder)) {
            RelayProcess relay = RelayProcess.start(processes, folder);
            String[] connect = {
                "connect",
                relay.url(),
                "--config",
                config.toString(),
                "--state-dir",
                folder.resolve("node").toString(),
                "--token-file",
                relay.tokenFile()
            };
            Process node = processes.goinfer("node.log", connect);
            String chat = "http://127.0.0.1:" + relay.port() + "/v1/chat/completions";

            for (String id : List.of("google/gemma-270m", "second")) {
                StringBuilder answer = new StringBuilder();
                String body = "{\"model\":\"" + id
                        + "\",\"max_tokens\":4,\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}]}";
                eventually(id + " answers", Duration.ofSeconds(60), () -> {
                    answer.setLength(0);
                    return Processes.answer(chat, relay.key(), body, answer) == 200;
                });
                assertThat(answer.toString())
                        .contains("\"completion_tokens\":4")
                        .contains("\"model\":\"" + id);
            }
            assertThat(ofModels().filter(one -> one.info().command().orElse("").endsWith("llama-server")))
                    .as("both fit")
                    .hasSize(2);
            StringBuilder list = new StringBuilder();
            Processes.answer("http://127.0.0.1:" + relay.port() + "/v1/models", relay.key(), null, list);
            assertThat(list.toString())
                    .contains("\"architecture\":\"gemma3\"")
                    .contains("\"status\":{\"value\":\"loaded\"}");

            Files.createSymbolicLink(folder.resolve("models/new.gguf"), model);
            eventually("a new file is a new model", Duration.ofSeconds(30), () -> {
                list.setLength(0);
                Processes.answer("http://127.0.0.1:" + relay.port() + "/v1/models", relay.key(), null, list);
                return list.indexOf("\"new\"") > 0;
            });

            Processes.kill9(node);
            eventually(
                    "no model outlives its node",
                    Duration.ofSeconds(20),
                    () -> ofModels().findAny().isEmpty());
        }
    }

    /** Servers and their guardians. */
    private Stream<ProcessHandle> ofModels() {
        return ProcessHandle.allProcesses()
                .filter(one -> Stream.of(one.info().arguments().orElse(new String[0]))
                        .anyMatch(argument -> argument.startsWith(folder + "/models/")));
    }

    private static final String SCRIPT = """
            import sys, time, openai
            base, key, model = sys.argv[1:4]
            client = openai.OpenAI(base_url=base, api_key=key, max_retries=0)
            assert model in [m.id for m in client.models.list()]
            ask = dict(model=model, temperature=0, seed=1, max_tokens=24,
                       messages=[{"role": "user", "content": "Say hello."}], extra_body={"cache_prompt": False})
            plain = client.chat.completions.create(**ask)
            times, text = [], ""
            for event in client.chat.completions.create(stream=True, stream_options={"include_usage": True}, **ask):
                if event.choices and event.choices[0].delta.content:
                    text += event.choices[0].delta.content
                    times.append(time.monotonic())
                usage = event.usage
            assert text == plain.choices[0].message.content, (text, plain.choices[0].message.content)
            assert usage.completion_tokens == plain.usage.completion_tokens
            assert len(times) > 5 and times[-1] - times[0] > 0.01, "the tokens came in one lump"
            done = client.completions.create(model=model, prompt="Once upon", max_tokens=4)
            assert done.usage.completion_tokens == 4
            try:
                client.chat.completions.create(model="nope", messages=[])
                raise SystemExit("an unknown model was accepted")
            except openai.NotFoundError as e:
                assert e.code == "model_not_found", e.code
            try:
                openai.OpenAI(base_url=base, api_key="wrong", max_retries=0).models.list()
                raise SystemExit("a wrong key was accepted")
            except openai.AuthenticationError as e:
                assert e.code == "invalid_api_key", e.code
            print("ALL GOOD:", len(times), "tokens streamed")
            """;
}
