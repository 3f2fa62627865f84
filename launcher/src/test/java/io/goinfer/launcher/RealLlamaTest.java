// SPDX-License-Identifier: MIT
package io.goinfer.launcher;

import static io.goinfer.tunnel.testing.Eventually.eventually;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
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
            int backend = Processes.freePort();
            int port = Processes.freePort();
            int tunnelPort = Processes.freePort();
            processes.start(
                    "llama.log",
                    List.of(
                            server.toString(),
                            "-m",
                            model.toString(),
                            "--offline",
                            "--no-ui",
                            "-t",
                            "2",
                            "-c",
                            "4096",
                            "-np",
                            "2",
                            "-b",
                            "256",
                            "--port",
                            Integer.toString(backend)));
            String state = folder.resolve("relay").toString();
            processes.goinfer(
                    "relay.log",
                    "serve",
                    "--state-dir",
                    state,
                    "--listen",
                    "127.0.0.1:" + port + "=openai",
                    "--listen",
                    "127.0.0.1:" + tunnelPort + "=tunnel");
            eventually("health", () -> Processes.status("http://127.0.0.1:" + port + "/health", "", null) == 200);
            assertThat(processes
                            .goinfer("token", "token", "create", "--state-dir", state)
                            .waitFor())
                    .isZero();
            assertThat(processes
                            .goinfer("key", "keys", "create", "--state-dir", state)
                            .waitFor())
                    .isZero();
            String key = processes.log("key").strip();
            processes.goinfer(
                    "node.log",
                    "connect",
                    "https://127.0.0.1:" + tunnelPort,
                    "--state-dir",
                    folder.resolve("node").toString(),
                    "--token-file",
                    folder.resolve("token").toString(),
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
