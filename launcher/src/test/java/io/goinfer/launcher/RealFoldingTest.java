// SPDX-License-Identifier: MIT
package io.goinfer.launcher;

import static io.goinfer.tunnel.testing.Eventually.eventually;
import static org.assertj.core.api.Assertions.assertThat;

import io.goinfer.bench.FreePort;
import io.goinfer.proxy.json.JsonTree;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * JSON clients of a real llama-server: goinfer asks it for a stream and folds it. Each answer is compared with the same request sent to the same server
 * directly.
 */
class RealFoldingTest {
    private static final String SAME = "\"temperature\":0,\"seed\":1,\"cache_prompt\":false";
    private static final String TOOL =
            "\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"w\",\"description\":\"weather\","
                    + "\"parameters\":{\"type\":\"object\",\"properties\":{\"city\":{\"type\":\"string\"}},\"required\":[\"city\"]}}}]";

    /** What two answers to one request may differ in. */
    private static final Set<String> OWN = Set.of(
            "id",
            "id_slot",
            "created",
            "created_at",
            "completed_at",
            "timings",
            "prompt_ms",
            "predicted_ms",
            "prompt_per_second");

    @TempDir
    Path folder;

    private static final List<String[]> REQUESTS = List.of(
            new String[] {
                "/v1/chat/completions", "\"messages\":[{\"role\":\"user\",\"content\":\"Hello\"}],\"max_tokens\":12"
            },
            new String[] {
                "/v1/chat/completions",
                "\"messages\":[{\"role\":\"user\",\"content\":\"Weather in Paris?\"}],\"tool_choice\":\"required\",\"max_tokens\":30,"
                        + TOOL
            },
            new String[] {
                "/v1/chat/completions",
                "\"messages\":[{\"role\":\"user\",\"content\":\"An object\"}],\"max_tokens\":40,\"response_format\":{\"type\":\"json_object\"}"
            },
            new String[] {"/v1/completions", "\"prompt\":\"Once upon a time\",\"max_tokens\":12"},
            new String[] {"/completion", "\"prompt\":\"Once upon a time\",\"n_predict\":12"},
            new String[] {"/completion", "\"prompt\":\"Once upon a time\",\"n_predict\":5,\"return_tokens\":true"},
            new String[] {"/completion", "\"prompt\":[1,2,3,4],\"n_predict\":5,\"stop\":[\"x\"]"},
            new String[] {"/v1/responses", "\"input\":\"Hello\",\"max_output_tokens\":12"},
            new String[] {"/v1/messages", "\"messages\":[{\"role\":\"user\",\"content\":\"Hello\"}],\"max_tokens\":12"},
            // Not folded, and so the same by itself.
            new String[] {
                "/v1/chat/completions",
                "\"messages\":[{\"role\":\"user\",\"content\":\"Hello\"}],\"max_tokens\":3,\"logprobs\":true"
            },
            new String[] {"/v1/completions", "\"prompt\":[\"a\",\"b\"],\"max_tokens\":3"},
            new String[] {"/completion", "\"prompt\":\"a\",\"n_predict\":3,\"n_probs\":2"},
            new String[] {"/completion", "\"prompt\":\"a\",\"n_predict\":3,\"response_fields\":[\"content\"]"},
            // Errors keep their status.
            new String[] {"/v1/chat/completions", "\"messages\":\"x\""},
            new String[] {"/v1/completions", "\"prompt\":\"a\",\"max_tokens\":3,\"grammar\":\"root ::= \\\"a\""},
            new String[] {
                "/v1/chat/completions",
                "\"messages\":[{\"role\":\"user\",\"content\":\"" + "word ".repeat(4000) + "\"}]"
            });

    @Test
    void foldedAnswersAreWhatLlamaServerWouldHaveSaid() throws Exception {
        int backend = FreePort.find();
        int port = FreePort.find();
        try (Processes processes = new Processes(folder)) {
            processes.start("llama.log", RealParts.command(RealParts.model(), "m", Integer.toString(backend)));
            eventually(
                    "llama-server is ready",
                    Duration.ofSeconds(30),
                    () -> Processes.status("http://127.0.0.1:" + backend + "/health", "", null) == 200);
            Path config = Files.writeString(folder.resolve("goinfer.yml"), "{}\n");
            processes.goinfer(
                    "serve.log",
                    "serve",
                    "--no-api-key",
                    "--config",
                    config.toString(),
                    "--backend",
                    "http://127.0.0.1:" + backend,
                    "--listen",
                    "127.0.0.1:" + port + "=openai,goinfer",
                    "--state-dir",
                    folder.resolve("state").toString());
            StringBuilder list = new StringBuilder();
            eventually("the model is listed", () -> {
                list.setLength(0);
                Processes.answer("http://127.0.0.1:" + port + "/v1/models", "", null, list);
                return list.indexOf("\"m\"") > 0;
            });
            for (String[] request : REQUESTS) {
                String body = "{\"model\":\"m\"," + SAME + "," + request[1] + "}";
                StringBuilder through = new StringBuilder();
                StringBuilder direct = new StringBuilder();
                int status = Processes.answer("http://127.0.0.1:" + port + request[0], "", body, through);
                int expected = Processes.answer("http://127.0.0.1:" + backend + request[0], "", body, direct);

                String what = request[0] + " " + request[1].substring(0, Math.min(120, request[1].length()));
                assertThat(status).as(what + ": " + through).isEqualTo(expected);
                assertThat(plain(JsonTree.read(through.toString())))
                        .as(what)
                        .isEqualTo(plain(JsonTree.read(direct.toString())));
            }
        }
    }

    /** Without what differs between any two answers, members sorted. */
    private static Object plain(Object value) {
        if (value instanceof Map<?, ?> map) {
            Map<String, Object> sorted = new TreeMap<>();
            map.forEach((name, inner) -> {
                if (!OWN.contains(name)) {
                    sorted.put(String.valueOf(name), plain(inner));
                }
            });
            return sorted;
        }
        if (value instanceof List<?> list) {
            List<Object> all = new ArrayList<>();
            list.forEach(item -> all.add(plain(item)));
            return all;
        }
        return String.valueOf(value);
    }
}
