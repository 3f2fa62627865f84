// SPDX-License-Identifier: MIT
package io.goinfer.proxy;

import static io.goinfer.tunnel.testing.Eventually.eventually;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.goinfer.proxy.agent.NodeLink;
import io.goinfer.proxy.agent.RelayAddress;
import io.goinfer.proxy.config.GoinferConfig;
import io.goinfer.proxy.testing.GoinferRig;
import io.goinfer.proxy.testing.RawClient;
import java.nio.file.Files;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** Who may come in, and what a start and a stop of either side keep. */
class LifecycleTest extends RigTests {
    @Test
    void anEnrolledNodeComesBackWithoutAToken() throws Exception {
        Node node = rig.connect("gpu", llama);
        rig.drop(node);

        rig.connect("gpu", llama);

        assertThat(post(CHAT, chat("sim", false, 1)).statusCode()).isEqualTo(200);
        assertThat(rig.relay.commands().run("nodes list", Map.of())).hasSize(1);
    }

    @Test
    void aRelayThatIsStartedAgainHasItsNodeBackWithoutAPerson() throws Exception {
        rig.connect("gpu", llama);
        int port = rig.tunnelPort();
        open.remove(rig);

        rig.relay.close();
        GoinferRig second = new GoinferRig(folder, GoinferConfig.defaults(), port);
        open.add(second);

        eventually("the node is back", () -> !second.relay.nodes().connected().isEmpty());
        GoinferRig before = rig;
        open.add(before::close);
        rig = second;
        eventually("it serves", () -> rig.relay.fleet().catalog().find("sim") != null);
        assertThat(post(CHAT, chat("sim", true, 2)).body()).contains("[DONE]");
    }

    @Test
    void aRevokedNodeIsOutAtOnceAndStaysOut() throws Exception {
        rig.connect("gpu", llama);

        rig.relay.commands().run("nodes revoke", Map.of("node", "gpu"));

        assertThat(rig.relay.nodes().connected()).isEmpty();
        refused(post(CHAT, chat("sim", false, 1)), 404, "model_not_found");
    }

    @Test
    void wrongTokensAreRefusedWithAReason() throws Exception {
        String token = rig.token();
        rig.connect("gpu", llama);
        Node.Options options = new Node.Options(
                GoinferRig.config(llama),
                () -> GoinferRig.config(llama),
                List.of(new RelayAddress("127.0.0.1", rig.tunnelPort())),
                null,
                "x",
                folder.resolve("node-x"),
                "t",
                NodeLink.Resolver::system);

        assertThatThrownBy(() -> new Node(options, (a, b, c, d) -> {})).hasMessageContaining("goinfer token create");
        assertThatThrownBy(() -> new Node(with(options, "gij1.AAAA"), (a, b, c, d) -> {}))
                .hasMessageContaining("damaged");
        // As if the relay's disk were full.
        Files.move(folder.resolve("relay"), folder.resolve("away"));
        assertThatThrownBy(() -> new Node(with(options, token), (a, b, c, d) -> {}))
                .hasMessageContaining("the relay could not store it");
        Files.move(folder.resolve("away"), folder.resolve("relay"));
        rig.relay
                .commands()
                .run(
                        "token revoke",
                        Map.of(
                                "id",
                                rig.relay
                                        .commands()
                                        .run("token list", Map.of())
                                        .get(0)
                                        .get("id")));
        assertThatThrownBy(() -> new Node(with(options, token), (a, b, c, d) -> {}))
                .hasMessageContaining("unknown join token");
    }

    private static Node.Options with(Node.Options options, String token) {
        return new Node.Options(
                options.config(),
                options.source(),
                options.relays(),
                token,
                options.name(),
                options.stateFolder(),
                options.software(),
                options.resolver());
    }

    @Test
    void stoppingARelayLetsRunningExchangesFinish() throws Exception {
        rig.connect("gpu", llama);
        String slow = chat("sim", true, 30).replace("{\"model\"", "{\"sim_rate\":20,\"model\"");
        try (RawClient raw = new RawClient(rig.apiPort()).post(CHAT, rig.userKey, slow)) {
            raw.readUntil("sent_ns");

            CompletableFuture<Void> stopped = CompletableFuture.runAsync(() -> rig.stop(Duration.ofSeconds(20)));
            raw.readUntil("[DONE]");

            assertThat(raw.got.toString()).contains("[DONE]");
            stopped.get(20, TimeUnit.SECONDS);
        }
    }

    @Test
    void aSecondProcessOnTheSameStateIsRefusedByName() {
        assertThatThrownBy(() -> new GoinferRig(folder, GoinferConfig.defaults()))
                .hasMessageContaining(
                        "in use by process " + ProcessHandle.current().pid());
    }
}
