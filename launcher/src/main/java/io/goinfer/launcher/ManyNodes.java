// SPDX-License-Identifier: MIT
package io.goinfer.launcher;

import io.goinfer.bench.FreePort;
import io.goinfer.certs.CertificateAuthority;
import io.goinfer.certs.Enrollment;
import io.goinfer.certs.Identity;
import io.goinfer.certs.JoinToken;
import io.goinfer.proxy.agent.RelayAddress;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/** {@code goinfer bench nodes}: many nodes in one process ({@link NodeCrowd}), whose relay is killed and started again. Blocking. */
final class ManyNodes {
    private static final Path NICE = Path.of("/usr/bin/nice");
    private static final Duration PATIENCE = Duration.ofSeconds(150);

    private final List<String> goinfer;
    private final PrintWriter out;
    private final int count;
    private final Set<String> connected = ConcurrentHashMap.newKeySet();
    private final AtomicInteger sessions = new AtomicInteger();

    /** @param goinfer the command that starts this program */
    ManyNodes(List<String> goinfer, PrintWriter out, int count) {
        this.goinfer = goinfer;
        this.out = out;
        this.count = count;
    }

    /** True if all came, and came back. */
    boolean run() throws Exception {
        Path folder = Files.createTempDirectory("goinfer-nodes");
        Process relay = null;
        Process crowd = null;
        try {
            int api = FreePort.find();
            RelayAddress address = new RelayAddress("127.0.0.1", FreePort.find());
            enrol(folder, address);
            relay = relay(folder, api, address);
            crowd = crowd(folder, address);
            Process nodes = crowd;
            new Thread(() -> read(nodes), "nodes").start();
            boolean came = await("connected", api);
            relay.destroyForcibly().waitFor();
            connected.clear();
            sessions.set(0);
            TimeUnit.SECONDS.sleep(2);
            relay = relay(folder, api, address);
            return await("back after the relay was killed and started again", api) && came;
        } finally {
            if (relay != null) {
                relay.destroyForcibly();
            }
            if (crowd != null) {
                crowd.destroyForcibly().waitFor();
            }
            DemoCommand.delete(folder);
        }
    }

    /** Before the relay runs: how fast nodes enrol is not asked. */
    private void enrol(Path folder, RelayAddress address) throws IOException, GeneralSecurityException {
        Path state = Files.createDirectories(folder.resolve("relay"));
        CertificateAuthority ca = CertificateAuthority.open(state, InstantSource.system());
        Enrollment enrollment = new Enrollment(ca, state);
        String caPem = Files.readString(state.resolve("ca.crt"));
        for (int i = 0; i < count; i++) {
            Path identity =
                    Files.createDirectories(folder.resolve(NodeCrowd.name(i)).resolve(address.folderName()));
            Identity.Pending pending = Identity.pending(identity);
            JoinToken token = enrollment.createToken(Duration.ofHours(1), JoinToken.Trust.PIN);
            Enrollment.Answer answer = enrollment.enroll(token.credential(), pending.csrPem(), NodeCrowd.name(i));
            if (answer.status() != 200) {
                throw new IOException(answer.message());
            }
            Identity unused = Identity.store(identity, pending, answer.certificatePem(), caPem);
        }
    }

    private Process relay(Path folder, int api, RelayAddress address) throws IOException {
        List<String> command = new ArrayList<>(goinfer);
        command.addAll(List.of(
                "serve",
                "-q",
                "--state-dir",
                folder.toString(),
                "--listen",
                "127.0.0.1:" + api + "=openai,admin",
                "--listen",
                "127.0.0.1:" + address.port() + "=tunnel"));
        ProcessBuilder builder = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(folder.resolve("log").toFile());
        builder.environment().put("XDG_CONFIG_HOME", folder.toString());
        return builder.start();
    }

    /** With the lowest priority, where the system has one: machines of their own would not take the relay's processors. */
    private Process crowd(Path folder, RelayAddress address) throws IOException {
        List<String> command = new ArrayList<>();
        if (Files.isExecutable(NICE)) {
            command.addAll(List.of(NICE.toString(), "-n", "19"));
        }
        command.addAll(goinfer);
        command.addAll(List.of("bench", "crowd", folder.toString(), "--port", String.valueOf(address.port())));
        command.addAll(List.of("--count", String.valueOf(count)));
        ProcessBuilder builder = new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.DISCARD);
        // Each dial makes quiche read the system's roots: a machine's own time, not for all nodes on this one.
        builder.environment().put("SSL_CERT_FILE", "/dev/null");
        return builder.start();
    }

    private void read(Process crowd) {
        try (BufferedReader lines = crowd.inputReader(StandardCharsets.UTF_8)) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                if (line.startsWith(NodeCrowd.CONNECTED)) {
                    connected.add(line.substring(NodeCrowd.CONNECTED.length()));
                    sessions.incrementAndGet();
                }
            }
        } catch (IOException e) {
            out.println("the nodes' process is gone: " + e.getMessage());
        }
    }

    /** Meanwhile somebody asks the relay for something else. */
    private boolean await(String what, int api) throws InterruptedException {
        long start = System.nanoTime();
        long first = 0;
        long worst = 0;
        while (connected.size() < count && System.nanoTime() - start < PATIENCE.toNanos()) {
            long asked = System.nanoTime();
            boolean answered = RehearseCommand.healthy(api);
            long took = System.nanoTime() - asked;
            if (answered && first == 0) {
                first = System.nanoTime() - start;
            } else if (first != 0) {
                worst = Math.max(worst, took);
            }
            TimeUnit.MILLISECONDS.sleep(50);
        }
        out.printf(
                Locale.ROOT,
                "%d of %d nodes %s: %.1f s, by %d sessions; /health answered after %.1f s, then within %d ms%n",
                connected.size(),
                count,
                what,
                (System.nanoTime() - start) / 1e9,
                sessions.get(),
                first / 1e9,
                worst / 1_000_000);
        out.flush();
        return connected.size() == count;
    }
}
