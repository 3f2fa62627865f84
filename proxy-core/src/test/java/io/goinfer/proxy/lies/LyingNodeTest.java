// SPDX-License-Identifier: MIT
package io.goinfer.proxy.lies;

import static io.goinfer.tunnel.testing.Eventually.eventually;
import static org.assertj.core.api.Assertions.assertThat;

import io.goinfer.proxy.config.BackendConfig;
import io.goinfer.proxy.config.GoinferConfig;
import io.goinfer.proxy.config.Transport;
import io.goinfer.proxy.json.JsonTree;
import io.goinfer.proxy.testing.GoinferRig;
import io.goinfer.proxy.testing.LoggedFaults;
import io.goinfer.proxy.testing.NumberedBackend;
import io.goinfer.proxy.testing.ScriptedNode;
import io.goinfer.proxy.testing.StrictClient;
import io.goinfer.proxy.testing.StrictClient.Reply;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * An enrolled node that lies in every way that PROTOCOL.md allows one to write down. All rows meet the same relay: it stays healthy, another node's stream
 * runs through the whole table undisturbed, the client of the lying node gets what the row says, and nobody else gets a byte.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class LyingNodeTest {
    private final ExecutorService threads = Executors.newCachedThreadPool();
    private NumberedBackend backend;
    private GoinferRig rig;
    private Liar liar;
    private LoggedFaults faults;
    private StrictClient bystander;
    private CompletableFuture<Reply> stream;
    private StrictClient streaming;
    private String honest;

    @BeforeAll
    void start(@TempDir Path folder) throws Exception {
        backend = new NumberedBackend("honest");
        rig = new GoinferRig(folder.resolve("rig"), GoinferConfig.defaults());
        rig.connect(
                "honest",
                GoinferConfig.defaults()
                        .with(new GoinferConfig.NodeConfig(
                                null, List.of(), Transport.TCP, false, List.of(BackendConfig.parse(backend.url())))));
        liar = new Liar(rig, Files.createDirectories(folder.resolve("liar")));
        liar.connect();
        liar.hangUp();
        bystander = new StrictClient(rig.apiPort());
        honest = honest(bystander);
        streaming = new StrictClient(rig.apiPort()).send(Ask.counting(rig.userKey));
        stream = CompletableFuture.supplyAsync(
                () -> {
                    try {
                        return streaming.read("POST");
                    } catch (IOException e) {
                        throw new java.io.UncheckedIOException(e);
                    }
                },
                threads);
        faults = new LoggedFaults();
    }

    @AfterAll
    void stop() throws Exception {
        faults.close();
        bystander.close();
        streaming.close();
        rig.close();
        backend.close();
        threads.shutdownNow();
    }

    static Stream<Lie> lies() {
        return Lies.all().stream();
    }

    @Test
    @Order(0)
    void thereAreManyAndEachIsAnother() {
        assertThat(Lies.all()).extracting(lie -> lie.name).doesNotHaveDuplicates();
        assertThat(Lies.all()).hasSizeGreaterThanOrEqualTo(600);
    }

    @Order(1)
    @ParameterizedTest(name = "{0}")
    @MethodSource("lies")
    void hurtsNobodyElse(Lie lie) {
        try {
            run(lie);
        } catch (Throwable e) {
            throw new AssertionError(lie.name + ": " + e.getMessage(), e);
        }
    }

    private void run(Lie lie) throws Exception {
        faults.take();
        StrictClient client = new StrictClient(rig.apiPort());
        Telling telling = new Telling(lie, client);
        try (client) {
            liar.current(lie.open(liar));
            threads.execute(telling);
            client.send(lie.ask().text(lie.model(), rig.adminKey));
            if (lie.clientReadsLate()) {
                telling.once.get(30, TimeUnit.SECONDS);
            }
            Reply reply = read(client, lie, telling);
            telling.rethrow(AssertionError.class);
            lie.client.check(reply);
            ScriptedNode node = liar.current();
            if (node != null) {
                checkSession(lie, node, telling);
            }
            checkNext(client, reply, lie.connectionMayEnd());
        } finally {
            telling.stop();
            liar.hangUp();
        }
        checkOthers();
    }

    private static Reply read(StrictClient client, Lie lie, Telling telling) throws IOException {
        try {
            return client.read(lie.ask().method);
        } catch (StrictClient.Malformed e) {
            if (telling.failure != null) {
                e.addSuppressed(telling.failure);
            }
            throw e;
        }
    }

    private void checkSession(Lie lie, ScriptedNode node, Telling telling) throws Exception {
        if (lie.mayStay() && !(node.ended().isDone() && !lie.endings().isEmpty())) {
            telling.rethrow(Throwable.class);
            try {
                liar.settle(node);
                return;
            } catch (IOException e) {
                assertThat(lie.endings()).as("the session ended: " + e).isNotEmpty();
            }
        }
        assertThat(node.ended().get(10, TimeUnit.SECONDS))
                .as("why the session ended")
                .isIn(lie.endings());
    }

    /** The same connection, and the honest node: nothing of the lie stands before its answer. */
    private void checkNext(StrictClient client, Reply reply, boolean mayEnd) throws IOException {
        if (reply.keeps() && mayEnd) {
            assertThat(shown(ask(client))).as("behind " + reply).isIn(honest, "");
        } else if (reply.keeps()) {
            assertThat(honest(client)).as("the honest answer behind " + reply).isEqualTo(honest);
        } else if (reply.status() != 101) {
            assertThat(client.rest()).as("behind " + reply).isEmpty();
        }
    }

    private String honest(StrictClient client) throws IOException {
        Reply reply = ask(client);
        assertThat(reply.complete()).as(reply.toString()).isTrue();
        return shown(reply);
    }

    private Reply ask(StrictClient client) throws IOException {
        return client.send(Ask.honest(rig.userKey)).read("POST");
    }

    private static String shown(Reply reply) {
        return reply.head().isEmpty()
                ? ""
                : reply.interims() + reply.head().replaceAll("(?i)\r\ndate:[^\r]*", "") + reply.body();
    }

    private void checkOthers() throws Exception {
        try (StrictClient other = new StrictClient(rig.apiPort())) {
            assertThat(get(other, "/health").status()).as("health").isEqualTo(200);
            Reply models = get(other, "/v1/models");
            assertThat(JsonTree.isObject(models.body().getBytes(StandardCharsets.ISO_8859_1)))
                    .as("a list of models: " + models)
                    .isTrue();
            assertThat(models.body()).contains("\"honest\"");
        }
        assertThat(faults.take()).as("what was logged").isEmpty();
        assertThat(bystander.isSilent()).as("another client got bytes").isTrue();
        assertThat(honest(bystander)).as("another client, that waited").isEqualTo(honest);
        assertThat(stream.isDone())
                .as("the other node's stream ended: " + stream)
                .isFalse();
    }

    private Reply get(StrictClient client, String path) throws IOException {
        return client.send("GET " + path + " HTTP/1.1\r\nHost: relay\r\nX-Request-Id: asked\r\nAuthorization: Bearer "
                        + rig.userKey + "\r\n\r\n")
                .read("GET");
    }

    /** After the table: everything is back where it was. */
    @Test
    @Order(2)
    void nothingIsLeft() throws Exception {
        backend.end();
        Reply counted = stream.get(20, TimeUnit.SECONDS);
        StringBuilder expected = new StringBuilder();
        for (int i = 0; i < backend.events(); i++) {
            expected.append(NumberedBackend.event(i));
        }
        assertThat(counted.complete()).isTrue();
        assertThat(counted.body()).isEqualTo(expected + "data: [DONE]\n\n");
        eventually(
                "no exchange is left",
                () -> rig.relay.nodes().connected().stream()
                        .allMatch(one -> one.session().exchanges() == 0));
        eventually(
                "no credit is left",
                () -> rig.relay.nodes().connected().stream()
                        .allMatch(one -> one.session().outstandingCredit() == 0));
        assertThat(rig.relay.nodes().connected()).hasSize(1);
        assertThat(rig.relay.nodes().waiting()).isZero();
        String gauges;
        try (StrictClient other = new StrictClient(rig.apiPort())) {
            gauges = other.send("GET /metrics HTTP/1.1\r\nHost: relay\r\nAuthorization: Bearer " + rig.adminKey
                            + "\r\n\r\n")
                    .read("GET")
                    .body();
        }
        assertThat(gauges).contains("goinfer_exchanges_running 0.0").contains("goinfer_select_held_bytes 0.0");
    }

    /** The node at work on the requests that it gets, on whichever of its connections. */
    private final class Telling implements Runnable {
        final CompletableFuture<@Nullable Void> once = new CompletableFuture<>();
        private final Lie lie;
        private final StrictClient client;
        private volatile boolean stopped;
        private volatile @Nullable Throwable failure;

        Telling(Lie lie, StrictClient client) {
            this.lie = lie;
            this.client = client;
        }

        @Override
        public void run() {
            try {
                while (!stopped) {
                    for (ScriptedNode node : liar.open()) {
                        ScriptedNode.Asked asked = node.asked(2);
                        if (asked != null) {
                            tell(asked);
                        }
                    }
                }
            } catch (Throwable e) {
                failure = e;
                try {
                    client.close();
                } catch (IOException ignored) {
                    failure = e;
                }
            }
        }

        private void tell(ScriptedNode.Asked asked) throws Exception {
            try {
                lie.tell(asked, liar);
                once.complete(null);
            } catch (IOException e) {
                // The relay may end the session in the middle of the lie.
                failure = e;
                once.completeExceptionally(e);
            }
        }

        void rethrow(Class<? extends Throwable> kind) {
            if (kind.isInstance(failure)) {
                throw new AssertionError("the node could not tell its lie", failure);
            }
        }

        void stop() {
            stopped = true;
        }
    }
}
