// SPDX-License-Identifier: MIT
package io.goinfer.proxy;

import static io.goinfer.tunnel.testing.Eventually.eventually;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.goinfer.bench.FreePort;
import io.goinfer.bench.llama.SimulatedLlama;
import io.goinfer.bench.llama.Simulation;
import io.goinfer.certs.CertificateAuthority;
import io.goinfer.certs.SharedAuthority;
import io.goinfer.proxy.admin.AdminCommands;
import io.goinfer.proxy.agent.RelayAddress;
import io.goinfer.proxy.config.GoinferConfig;
import io.goinfer.proxy.config.Listen;
import io.goinfer.proxy.config.Service;
import io.goinfer.proxy.keys.Role;
import io.goinfer.proxy.testing.GoinferRig;
import java.io.IOException;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** Two relays behind one name, with one authority: 127.0.0.1 and 127.0.0.2, the same port. */
@EnabledOnOs(OS.LINUX)
class SeveralRelaysTest {
    private static final List<String> ADDRESSES = List.of("127.0.0.1", "127.0.0.2");

    @TempDir
    Path folder;

    private final HttpClient client =
            HttpClient.newBuilder().connectTimeout(Duration.ofSeconds(5)).build();
    private final List<Relay> relays = new ArrayList<>();
    private final List<Node> nodes = new ArrayList<>();
    private SimulatedLlama llama;
    private int tunnelPort;
    private int apiPort;
    private String key;
    private volatile List<String> name = ADDRESSES;

    @BeforeEach
    void start() throws Exception {
        llama = SimulatedLlama.start(Simulation.quick("sim").withSlots(64), 0);
        tunnelPort = FreePort.find();
        apiPort = FreePort.find();
        relays.add(relay(0));
        key = relays.get(0).keys().create("user", Role.USER).text();
        relays.get(0).commands().run("certs share", Map.of());
        SharedAuthority.importInto(folder(1), SharedAuthority.export(folder(0)));
        relays.add(relay(1));
    }

    @AfterEach
    void stop() {
        nodes.forEach(Node::close);
        relays.forEach(Relay::close);
        llama.close();
    }

    private Path folder(int which) {
        return folder.resolve("relay-" + which);
    }

    private Relay relay(int which) throws Exception {
        GoinferConfig config = GoinferConfig.defaults();
        return new Relay(new Relay.Options(
                config,
                () -> config,
                List.of(
                        new Listen(ADDRESSES.get(which), apiPort, EnumSet.of(Service.OPENAI), null),
                        new Listen(ADDRESSES.get(which), tunnelPort, EnumSet.of(Service.TUNNEL), null)),
                false,
                folder(which),
                Set.of("relays.example"),
                "relay/test"));
    }

    private void connect(String nodeName) throws Exception {
        String token =
                relays.get(0).commands().run("token create", Map.of()).get(0).get("token");
        GoinferConfig config = GoinferRig.config(llama);
        nodes.add(new Node(
                new Node.Options(
                        config,
                        () -> config,
                        List.of(new RelayAddress("127.0.0.1", tunnelPort)),
                        token,
                        nodeName,
                        folder.resolve("node-" + nodeName),
                        "node/test",
                        host -> {
                            List<InetAddress> all = new ArrayList<>();
                            for (String one : name) {
                                all.add(InetAddress.getByName(one));
                            }
                            return all;
                        }),
                (relay, as, transport, roundTrip) -> {}));
    }

    private boolean serves(int which) {
        return relays.get(which).fleet().catalog().models().stream()
                .flatMap(model -> model.places().stream())
                .anyMatch(place -> place.upstream().accepts());
    }

    private HttpResponse<String> chat(int which) throws Exception {
        return client.send(
                HttpRequest.newBuilder(
                                URI.create("http://" + ADDRESSES.get(which) + ":" + apiPort + "/v1/chat/completions"))
                        .timeout(Duration.ofSeconds(30))
                        .header("authorization", "Bearer " + key)
                        .POST(
                                HttpRequest.BodyPublishers.ofString(
                                        "{\"model\":\"sim\",\"stream\":true,\"sim_rate\":100,\"max_tokens\":20,\"messages\":[]}"))
                        .build(),
                HttpResponse.BodyHandlers.ofString());
    }

    @Test
    void aNodeServesEveryRelayBehindTheName() throws Exception {
        connect("gpu");
        eventually("both have it", () -> serves(0) && serves(1));

        assertThat(chat(0).body()).endsWith("data: [DONE]\n\n");
        assertThat(chat(1).body()).endsWith("data: [DONE]\n\n");
        assertThat(relays.get(1).commands().run("nodes list", Map.of()))
                .as("enrolled at the other relay")
                .singleElement()
                .satisfies(row -> assertThat(row).containsEntry("name", "gpu").containsEntry("state", "connected"));

        relays.get(1).commands().run("nodes revoke", Map.of("node", "gpu"));
        assertThat(serves(1)).isFalse();
        assertThat(chat(0).statusCode()).as("each relay has its own list").isEqualTo(200);
    }

    @Test
    void whatChangesLaterIsImportedWhileTheRelayRuns() throws Exception {
        connect("gpu");
        connect("spare");
        eventually("both have both", () -> connected(0) == 2 && connected(1) == 2);
        String later = relays.get(0).keys().create("later", Role.USER).text();
        relays.get(0).keys().revoke("user");
        relays.get(0).commands().run("nodes revoke", Map.of("node", "gpu"));
        relays.get(0).commands().run("nodes rename", Map.of("node", "spare", "name", "attic"));
        assertThat(chat(1).statusCode()).as("not told yet").isEqualTo(200);

        Map<String, String> members = SharedAuthority.members(SharedAuthority.export(folder(0)));
        assertThat(members).as("no private key").doesNotContainKey("ca.pem");
        assertThat(relays.get(1).commands().run("certs import", members))
                .containsExactly(Map.of("nodes", "0", "revoked nodes", "1", "keys", "1", "revoked keys", "1"));

        assertThat(chat(1).statusCode()).as("the key that was revoked").isEqualTo(401);
        key = later;
        assertThat(chat(1).statusCode()).as("the key that is new").isEqualTo(200);
        assertThat(relays.get(1).commands().run("nodes list", Map.of()))
                .extracting(row -> row.get("name") + " " + row.get("state"))
                .containsExactlyInAnyOrder("gpu revoked", "attic connected");
        assertThat(relays.get(1).commands().run("certs import", members))
                .as("once more changes nothing")
                .containsExactly(Map.of("nodes", "0", "revoked nodes", "0", "keys", "0", "revoked keys", "0"));
    }

    @Test
    void anImportOfAnotherAuthorityOrOfNonsenseChangesNothing() throws Exception {
        AdminCommands second = relays.get(1).commands();
        Map<String, String> own = SharedAuthority.members(SharedAuthority.export(folder(1)));
        CertificateAuthority.open(folder(2), InstantSource.system());
        Map<String, String> foreign = SharedAuthority.members(SharedAuthority.export(folder(2)));
        Map<String, String> bad = new HashMap<>(own);
        bad.put(SharedAuthority.NODES, "[{\"id\": \"urn:goinfer:node:1\", \"name\": \"../x\", \"revoked\": \"yes\"}]");

        assertThatThrownBy(() -> second.run("certs import", foreign))
                .isInstanceOf(AdminCommands.Problem.class)
                .hasMessageContaining("another certificate authority");
        assertThatThrownBy(() -> second.run("certs import", bad))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("this is no node");
        Map<String, String> badKey = new HashMap<>(own);
        badKey.put(
                SharedAuthority.NODES,
                "[{\"id\": \"urn:goinfer:node:" + "0".repeat(32)
                        + "\", \"name\": \"x\", \"enrolled\": \"2026-01-01T00:00:00Z\"}]");
        badKey.put(SharedAuthority.KEYS, "[{\"id\": \"0\"}]");
        assertThatThrownBy(() -> second.run("certs import", badKey))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("no API key");
        assertThatThrownBy(() -> SharedAuthority.members("{\"format\": \"else\"}"))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("no export");
        assertThat(second.run("nodes list", Map.of())).isEmpty();
    }

    private int connected(int which) {
        return relays.get(which).nodes().connected().size();
    }

    @Test
    void anAddressThatJoinsTheNameIsUsedAndOneThatLeavesIsLeft() throws Exception {
        name = List.of("127.0.0.1");
        connect("gpu");
        eventually("the first has it", () -> serves(0));
        assertThat(serves(1)).isFalse();

        name = ADDRESSES;
        eventually("the second too", Duration.ofSeconds(60), () -> serves(1));
        name = List.of("127.0.0.2");
        eventually("the first is left", Duration.ofSeconds(60), () -> !serves(0));
        assertThat(chat(1).statusCode()).isEqualTo(200);
    }

    /** A relay at all addresses: one session is enough. */
    @Test
    void twoAddressesOfOneRelayAreOneSession() throws Exception {
        relays.remove(1).close();
        relays.remove(0).close();
        GoinferConfig config = GoinferConfig.defaults();
        relays.add(new Relay(new Relay.Options(
                config,
                () -> config,
                List.of(
                        new Listen("127.0.0.1", apiPort, EnumSet.of(Service.OPENAI), null),
                        new Listen("0.0.0.0", tunnelPort, EnumSet.of(Service.TUNNEL), null)),
                false,
                folder(0),
                Set.of(),
                "relay/test")));
        connect("gpu");

        eventually("it serves", () -> serves(0));
        eventually(
                "by one session, though two came",
                () -> relays.get(0).nodes().connected().size() == 1);
        assertThat(chat(0).statusCode()).isEqualTo(200);
    }

    /** What a rolling restart is for: clients that go to the other relay when one does not take their connection see nothing of it. */
    @Test
    void aRollingRestartFailsNoRequest() throws Exception {
        connect("gpu");
        eventually("both have it", () -> serves(0) && serves(1));
        AtomicBoolean done = new AtomicBoolean();
        AtomicInteger whole = new AtomicInteger();
        List<String> failures = new CopyOnWriteArrayList<>();
        List<Thread> clients = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            int first = i % 2;
            Thread thread = new Thread(() -> {
                while (!done.get()) {
                    String told = once(first);
                    if (told.isEmpty()) {
                        whole.incrementAndGet();
                    } else {
                        failures.add(told);
                    }
                }
            });
            thread.start();
            clients.add(thread);
        }
        try {
            for (int which = 0; which < 2; which++) {
                int before = whole.get();
                eventually("clients are served", () -> whole.get() > before + 20);
                relays.get(which).stop(Duration.ofSeconds(20));
                relays.set(which, relay(which));
                int now = which;
                eventually("it serves again", () -> serves(now));
            }
            int last = whole.get();
            eventually("clients are served", () -> whole.get() > last + 20);
        } finally {
            done.set(true);
        }
        for (Thread one : clients) {
            one.join();
        }
        assertThat(failures).isEmpty();
    }

    /** "" or what went wrong. */
    private String once(int first) {
        for (int which : new int[] {first, 1 - first}) {
            try {
                HttpResponse<String> answer = chat(which);
                return answer.statusCode() == 200 && answer.body().endsWith("data: [DONE]\n\n")
                        ? ""
                        : which + ": " + answer.statusCode() + " " + answer.body();
            } catch (ConnectException e) {
                continue;
            } catch (Exception e) {
                return which + ": " + e;
            }
        }
        return "nobody takes a connection";
    }
}
