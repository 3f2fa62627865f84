// SPDX-License-Identifier: MIT
package io.goinfer.proxy;

import static org.assertj.core.api.Assertions.assertThat;

import io.goinfer.bench.llama.SimulatedLlama;
import io.goinfer.bench.llama.Simulation;
import io.goinfer.proxy.config.GoinferConfig;
import io.goinfer.proxy.testing.GoinferRig;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;

/** A relay, and a backend that simulates llama-server, for each test; nodes connect when the test says so. */
abstract class RigTests {
    static final String CHAT = "/v1/chat/completions";

    @TempDir
    Path folder;

    final HttpClient client =
            HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
    final List<AutoCloseable> open = new ArrayList<>();
    SimulatedLlama llama;
    GoinferRig rig;

    @BeforeEach
    void start() throws Exception {
        llama = llama(Simulation.quick("sim"));
        rig = new GoinferRig(folder, GoinferConfig.defaults());
        open.add(rig);
    }

    @AfterEach
    void stop() throws Exception {
        for (int i = open.size() - 1; i >= 0; i--) {
            open.get(i).close();
        }
    }

    SimulatedLlama llama(Simulation simulation) {
        SimulatedLlama started = SimulatedLlama.start(simulation, 0);
        open.add(started);
        return started;
    }

    static String chat(String model, boolean stream, int tokens) {
        return "{\"model\":\"" + model + "\",\"stream\":" + stream + ",\"max_tokens\":" + tokens
                + ",\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}]}";
    }

    HttpRequest.Builder request(String path) {
        return HttpRequest.newBuilder(URI.create(rig.base() + path))
                .timeout(Duration.ofSeconds(30))
                .header("authorization", "Bearer " + rig.userKey);
    }

    HttpResponse<String> post(String path, String body) throws Exception {
        return client.send(
                request(path).POST(HttpRequest.BodyPublishers.ofString(body)).build(),
                HttpResponse.BodyHandlers.ofString());
    }

    HttpResponse<String> get(String path) throws Exception {
        return client.send(request(path).build(), HttpResponse.BodyHandlers.ofString());
    }

    static void refused(HttpResponse<String> answer, int status, String code) {
        assertThat(answer.statusCode()).as(answer.body()).isEqualTo(status);
        assertThat(answer.body())
                .startsWith("{\"src\":\"goinfer\",\"error\":{\"message\":")
                .contains("\"type\":\"")
                .contains("\"code\":\"" + code + "\"");
    }
}
