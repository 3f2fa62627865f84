// SPDX-License-Identifier: MIT
package io.goinfer.proxy;

import static io.goinfer.tunnel.testing.Eventually.eventually;
import static org.assertj.core.api.Assertions.assertThat;

import io.goinfer.bench.llama.SimulatedLlama;
import io.goinfer.bench.llama.Simulation;
import io.goinfer.proxy.testing.RawClient;
import java.net.http.HttpResponse;
import java.time.Duration;
import org.junit.jupiter.api.Test;

/** Backends and nodes that die, leave and come back, as clients see it. */
class LossTest extends RigTests {
    @Test
    void aBackendThatDiesMidStreamGivesAnErrorEventAndNoCleanEnd() throws Exception {
        rig.connect("gpu", llama);
        String endless = chat("sim", true, 1_000_000).replace("{\"model\"", "{\"sim_rate\":20,\"model\"");
        try (RawClient raw = new RawClient(rig.apiPort()).post(CHAT, rig.userKey, endless)) {
            raw.readUntil("sent_ns");

            llama.close();

            String all = raw.readAll();
            assertThat(all).contains("data: {\"src\":\"goinfer\",\"error\":").contains("backend_failed");
            assertThat(all).doesNotContain("[DONE]").doesNotEndWith("0\r\n\r\n");
        }
    }

    @Test
    void aBackendThatIsGoneIsA503AndComesBackByItself() throws Exception {
        rig.connect("gpu", llama);
        int port = llama.port();
        llama.close();
        open.remove(llama);

        refused(post(CHAT, chat("sim", false, 1)), 503, "backend_unreachable");
        SimulatedLlama again = SimulatedLlama.start(Simulation.quick("sim"), port);
        open.add(again);

        eventually("it serves again", () -> {
            try {
                return post(CHAT, chat("sim", false, 1)).statusCode() == 200;
            } catch (Exception e) {
                return false;
            }
        });
    }

    @Test
    void aNodesModelWhoseBackendStaysAwayIsOfflineAndNotUnknown() throws Exception {
        rig.connect("gpu", llama);
        llama.close();
        open.remove(llama);

        assertThat(post(CHAT, chat("sim", false, 1)).statusCode()).isEqualTo(503);
        eventually(
                "the node has told it",
                () -> rig.relay.fleet().catalog().find("sim").places().isEmpty());

        refused(post(CHAT, chat("sim", false, 1)), 503, "node_offline");
        assertThat(get("/v1/models").body()).contains("\"id\":\"sim\"");
    }

    @Test
    void aNodeThatLeavesIsOfflineAndNotUnknown() throws Exception {
        Node node = rig.connect("gpu", llama);
        String endless = chat("sim", true, 1_000_000).replace("{\"model\"", "{\"sim_rate\":20,\"model\"");
        try (RawClient raw = new RawClient(rig.apiPort()).post(CHAT, rig.userKey, endless)) {
            raw.readUntil("sent_ns");

            rig.relay
                    .nodes()
                    .disconnect(
                            rig.relay.nodes().connected().get(0).nodeId(),
                            io.goinfer.tunnel.frame.Code.INTERNAL,
                            "test")
                    .get();
            rig.drop(node);

            String all = raw.readAll();
            assertThat(all).contains("data: {\"src\":\"goinfer\",\"error\":").contains("node_lost");
            assertThat(all).doesNotContain("[DONE]").doesNotEndWith("0\r\n\r\n");
        }
    }

    @Test
    void aDrainedNodesModelsAnswer503WithRetryAfter() throws Exception {
        Node node = rig.connect("gpu", llama);

        node.stop(Duration.ofSeconds(1));
        eventually("the relay knows", () -> rig.relay.nodes().connected().isEmpty());

        HttpResponse<String> answer = post(CHAT, chat("sim", false, 1));
        refused(answer, 503, "node_offline");
        assertThat(answer.headers().firstValue("retry-after")).isPresent();
    }
}
