// SPDX-License-Identifier: MIT
package io.goinfer.launcher;

import io.goinfer.certs.CertificateAuthority;
import io.goinfer.certs.Enrollment;
import io.goinfer.certs.Identity;
import io.goinfer.certs.JoinToken;
import io.goinfer.proxy.Node;
import io.goinfer.proxy.agent.NodeLink;
import io.goinfer.proxy.agent.RelayAddress;
import io.goinfer.proxy.config.GoinferConfig;
import io.goinfer.proxy.config.Transport;
import java.io.IOException;
import java.io.PrintWriter;
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

/** {@code goinfer bench nodes}: many nodes in this process, whose relay (another process) is killed and started again. Blocking. */
final class ManyNodes {
    private static final Duration PATIENCE = Duration.ofSeconds(150);

    private final List<String> goinfer;
    private final PrintWriter out;
    private final int count;
    private final Set<String> connected = ConcurrentHashMap.newKeySet();

    /** @param goinfer the command that starts this program */
    ManyNodes(List<String> goinfer, PrintWriter out, int count) {
        this.goinfer = goinfer;
        this.out = out;
        this.count = count;
    }

    /** True if all came, and came back. */
    boolean run() throws Exception {
        Path folder = Files.createTempDirectory("goinfer-nodes");
        List<Node> nodes = new ArrayList<>();
        Process relay = null;
        try {
            int api = RehearseCommand.freePort();
            RelayAddress address = new RelayAddress("127.0.0.1", RehearseCommand.freePort());
            enrol(folder, address);
            relay = relay(folder, api, address);
            for (int i = 0; i < count; i++) {
                nodes.add(node(folder, address, name(i)));
            }
            boolean came = await("connected", api);
            relay.destroyForcibly().waitFor();
            connected.clear();
            TimeUnit.SECONDS.sleep(2);
            relay = relay(folder, api, address);
            return await("back after the relay was killed and started again", api) && came;
        } finally {
            if (relay != null) {
                relay.destroyForcibly();
            }
            nodes.parallelStream().forEach(Node::close);
            DemoCommand.delete(folder);
        }
    }

    private static String name(int i) {
        return "node-" + i;
    }

    /** Before the relay runs: how fast nodes enrol is not asked. */
    private void enrol(Path folder, RelayAddress address) throws IOException, GeneralSecurityException {
        Path state = Files.createDirectories(folder.resolve("relay"));
        CertificateAuthority ca = CertificateAuthority.open(state, InstantSource.system());
        Enrollment enrollment = new Enrollment(ca, state);
        String caPem = Files.readString(state.resolve("ca.crt"));
        for (int i = 0; i < count; i++) {
            Path identity = Files.createDirectories(folder.resolve(name(i)).resolve(address.folderName()));
            Identity.Pending pending = Identity.pending(identity);
            JoinToken token = enrollment.createToken(Duration.ofHours(1), JoinToken.Trust.PIN);
            Enrollment.Answer answer = enrollment.enroll(token.credential(), pending.csrPem(), name(i));
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

    private Node node(Path folder, RelayAddress address, String name) throws IOException, GeneralSecurityException {
        GoinferConfig config = GoinferConfig.defaults()
                .with(new GoinferConfig.NodeConfig(name, List.of(), Transport.AUTO, false, List.of()));
        return new Node(
                new Node.Options(
                        config,
                        () -> config,
                        List.of(address),
                        null,
                        name,
                        folder.resolve(name),
                        Version.software(),
                        NodeLink.Resolver::system),
                (relay, as, transport, roundTrip) -> connected.add(as));
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
                "%d of %d nodes %s: %.1f s; /health answered after %.1f s, then within %d ms%n",
                connected.size(),
                count,
                what,
                (System.nanoTime() - start) / 1e9,
                first / 1e9,
                worst / 1_000_000);
        out.flush();
        return connected.size() == count;
    }
}
