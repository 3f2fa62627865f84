// SPDX-License-Identifier: MIT
package io.goinfer.launcher;

import static io.goinfer.tunnel.testing.Eventually.eventually;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.goinfer.bench.Arrangement;
import io.goinfer.bench.Load;
import io.goinfer.bench.LoadDriver;
import io.goinfer.bench.LoadResult;
import io.goinfer.bench.OutageSeries;
import io.goinfer.bench.OutageTrial;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.net.HttpURLConnection;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.CleanupMode;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Relay and node on machines of their own, with a kernel's routers between them: what the emulator of {@code goinfer bench faults} cannot do. */
class NamespaceTest {
    private static final String CHAT = "{\"model\":\"sim\",\"max_tokens\":2,\"stream\":true,\"messages\":[]}";
    private static final int STREAMS = 16;
    private static final int BULK = 4 << 20;
    private static final int OUTAGES = 30;

    /** The logs of what failed stay. */
    @TempDir(cleanup = CleanupMode.ON_SUCCESS)
    Path folder;

    private final LoadDriver driver = new LoadDriver();
    private final List<FarNode> rigs = new ArrayList<>();
    private FarNode rig;
    private Namespaces net;
    private RelayProcess relay;

    @BeforeEach
    void start() throws Exception {
        rig = rig("rig");
        net = rig.net();
        relay = rig.relay();
    }

    private FarNode rig(String name) throws Exception {
        FarNode made = FarNode.create(Files.createDirectory(folder.resolve(name)), 1_280);
        rigs.add(made);
        made.start();
        return made;
    }

    @AfterEach
    void stop() throws Exception {
        driver.close();
        for (FarNode one : rigs) {
            one.close();
        }
    }

    private Process node(String... more) throws Exception {
        return rig.node(more);
    }

    private String url(String path) {
        return "http://127.0.0.1:" + relay.port() + path;
    }

    private long served() throws Exception {
        return rig.served(CHAT);
    }

    private String sessions() {
        StringBuilder metrics = new StringBuilder();
        eventually("/metrics", () -> {
            metrics.setLength(0);
            return Processes.answer(url("/metrics"), relay.adminKey(), null, metrics) == 200;
        });
        return metrics.toString();
    }

    private CompletableFuture<LoadResult> streams(int seconds) {
        Load load = new Load(STREAMS, seconds * 20, 20, 200, Duration.ofSeconds(seconds + 60L));
        LoadDriver.Target target = new LoadDriver.Target(relay.port(), relay.key(), "sim");
        CompletableFuture<LoadResult> result = driver.start(target, load);
        eventually("they run", () -> sessions().contains("goinfer_exchanges_running " + STREAMS));
        return result;
    }

    private static void allIntact(String what, CompletableFuture<LoadResult> running) throws Exception {
        LoadResult result = running.get(2, TimeUnit.MINUTES);
        System.out.println(what + ": longest silence " + result.longestSilence() / 1_000_000 + " ms");
        assertThat(result.problems()).isEmpty();
        assertThat(result.damaged())
                .as("streams with an event lost, doubled or out of order")
                .isZero();
    }

    @ParameterizedTest
    @CsvSource({"quic, true", "quic, false", "tcp, true", "tcp, false"})
    void aPathOf1280BytesCarriesTokensAndBulk(String transport, boolean icmp) throws Exception {
        if (!icmp) {
            net.pass("icmp", false);
        }
        node("--transport", transport);
        served();
        CompletableFuture<LoadResult> running = streams(3);

        assertThat(download()).isEqualTo(BULK);
        assertThat(upload()).isEqualTo(200);
        allIntact(transport + (icmp ? "" : ", silent"), running);
    }

    private long download() throws Exception {
        HttpURLConnection call = bulk("/v1/sim/download?bytes=" + BULK);
        try (InputStream in = call.getInputStream()) {
            return in.skip(Long.MAX_VALUE);
        }
    }

    private int upload() throws Exception {
        HttpURLConnection call = bulk("/v1/sim/upload");
        call.setDoOutput(true);
        call.setFixedLengthStreamingMode(BULK);
        call.setRequestProperty("Content-Type", "application/octet-stream");
        call.getOutputStream().write(new byte[BULK]);
        return call.getResponseCode();
    }

    private HttpURLConnection bulk(String path) throws Exception {
        HttpURLConnection call =
                (HttpURLConnection) URI.create(url(path)).toURL().openConnection();
        call.setReadTimeout(60_000);
        call.setRequestProperty("Authorization", "Bearer " + relay.key());
        call.setRequestProperty("x-goinfer-model", "sim");
        return call;
    }

    @Test
    void whereUdpIsBlockedFromTheStartTcpServes() throws Exception {
        net.pass("udp", false);

        Process first = node();
        System.out.println("UDP blocked: served " + served() + " ms after the first exec, enrolment included");
        Processes.kill9(first);
        eventually("it is gone", () -> Processes.status(url("/v1/chat/completions"), relay.key(), CHAT) != 200);
        node();
        System.out.println("UDP blocked: served " + served() + " ms after the second exec");
        assertThat(sessions()).contains("transport=\"tcp\"").doesNotContain("transport=\"quic\"");

        net.pass("udp", true);
        eventually("QUIC serves again", Duration.ofSeconds(60), () -> sessions().contains("transport=\"quic\""));
    }

    private boolean nodeSaid(String text) {
        try {
            return Files.readString(folder.resolve("rig/node.log")).contains(text);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"auto", "tcp"})
    void anotherAddressOfTheNodeIsAPause(String transport) throws Exception {
        node("--transport", transport);
        served();
        CompletableFuture<LoadResult> running = streams(12);
        net.moveNode();
        if (transport.equals("tcp")) {
            // Over QUIC the relay may have said so first.
            eventually("the node sees it", () -> nodeSaid("the way there changed"));
        }
        allIntact("another address, " + transport, running);
    }

    @Test
    void aCableThatIsPulledIsAPause() throws Exception {
        node();
        served();
        CompletableFuture<LoadResult> running = streams(20);
        eventually(
                "tokens come",
                () -> sessions()
                        .lines()
                        .anyMatch(line -> line.startsWith("goinfer_tunnel_packets_sent{")
                                && Double.parseDouble(line.substring(line.lastIndexOf(' '))) > 200));
        net.plugged(false);
        eventually(
                "the relay gave its sessions up",
                Duration.ofSeconds(20),
                () -> !sessions().contains("goinfer_tunnel_suspect{"));
        net.plugged(true);
        allIntact("cable pulled", running);
    }

    /** Each arrangement on machines of its own. What broke happens again with {@code -Dgoinfer.outages.seed}. */
    @Test
    void outagesArePauses() throws Exception {
        long seed = Long.getLong("goinfer.outages.seed", System.nanoTime() & 0xffff);
        OutageSeries series = new OutageSeries(OUTAGES, seed, new PrintWriter(System.out, true, UTF_8));
        series.begin();
        List<CompletableFuture<Void>> running = new ArrayList<>();
        ExecutorService lines = Executors.newCachedThreadPool();
        for (Arrangement arrangement : Arrangement.values()) {
            FarNode one = arrangement == Arrangement.TCP ? rig : rig(arrangement.name());
            Path configuration = Files.writeString(folder.resolve(arrangement + ".yml"), arrangement.configuration());
            one.node("--config", configuration.toString());
            one.served(CHAT);
            // Not in the common pool: with two processors it runs one at a time.
            running.add(CompletableFuture.runAsync(() -> outages(series, arrangement, one), lines));
        }
        for (CompletableFuture<Void> each : running) {
            each.get(10, TimeUnit.MINUTES);
        }
        lines.shutdown();
        series.end();

        assertThat(series.done()).isEqualTo(OUTAGES);
        assertThat(series.broken()).as("streams that broke, seed " + seed).isZero();
    }

    private static void outages(OutageSeries series, Arrangement arrangement, FarNode rig) {
        LoadDriver.Target target =
                new LoadDriver.Target(rig.relay().port(), rig.relay().adminKey(), "sim");
        OutageTrial.Streams streams = new OutageTrial.Streams(24, 20);
        try (OutageTrial trial = new OutageTrial(target, rig.net()::pass, arrangement, streams)) {
            series.run(trial);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }
}
