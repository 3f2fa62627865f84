// SPDX-License-Identifier: MIT
package io.goinfer.bench;

import java.io.IOException;
import java.io.InputStream;
import java.net.HttpURLConnection;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** One way from the client to the backend, as real processes: started the same way, measured the same way. */
final class Contender implements AutoCloseable {
    private static final long START_SECONDS = 60;

    static {
        // A bench that is ended by a signal takes along what it started.
        Runtime.getRuntime()
                .addShutdownHook(new Thread(
                        () -> ProcessHandle.current().children().forEach(ProcessHandle::destroyForcibly),
                        "bench-children"));
    }

    private final String name;
    private final List<Process> processes = new ArrayList<>();
    private LoadDriver.Target target = new LoadDriver.Target(0, "", "sim");

    private Contender(String name) {
        this.name = name;
    }

    static Contender direct(int backendPort) {
        Contender direct = new Contender("direct");
        direct.target = new LoadDriver.Target(backendPort, "", "sim");
        return direct;
    }

    static Contender standalone(List<String> goinfer, int backendPort, Path folder) throws IOException {
        Contender standalone = new Contender("standalone");
        int port = FreePort.find();
        standalone.start(
                folder,
                goinfer,
                "serve",
                "-q",
                "--listen",
                "127.0.0.1:" + port + "=openai,admin",
                "--backend",
                "sim=http://127.0.0.1:" + backendPort);
        standalone.await(port, folder);
        return standalone;
    }

    static Contender tunnel(List<String> goinfer, int backendPort, Path folder) throws IOException {
        return tunnel(goinfer, backendPort, folder, port -> port);
    }

    /** Where the node dials to reach the relay's port. */
    interface Way {
        int through(int tunnelPort) throws IOException;
    }

    static Contender tunnel(List<String> goinfer, int backendPort, Path folder, Way way, String... nodeOptions)
            throws IOException {
        Contender tunnel = new Contender("tunnel");
        int port = FreePort.find();
        int tunnelPort = FreePort.find();
        Path relay = folder.resolve("relay-process");
        tunnel.start(
                relay,
                goinfer,
                "serve",
                "-q",
                "--listen",
                "127.0.0.1:" + port + "=openai,admin",
                "--listen",
                "127.0.0.1:" + tunnelPort + "=tunnel");
        awaitHealth(port);
        Path token = folder.resolve("token");
        Process create = new ProcessBuilder(with(goinfer, "token", "create", "--state-dir", relay.toString()))
                .redirectOutput(token.toFile())
                .redirectError(ProcessBuilder.Redirect.DISCARD)
                .start();
        waitFor(create);
        List<String> connect = new ArrayList<>(List.of(
                "connect",
                "https://127.0.0.1:" + way.through(tunnelPort),
                "-q",
                "--token-file",
                token.toString(),
                "--backend",
                "sim=http://127.0.0.1:" + backendPort));
        connect.addAll(List.of(nodeOptions));
        tunnel.start(folder.resolve("node-process"), goinfer, connect.toArray(String[]::new));
        tunnel.await(port, relay);
        return tunnel;
    }

    static Process backend(List<String> goinfer, int port, int slots) throws IOException {
        Process process = new ProcessBuilder(with(
                        goinfer,
                        "bench",
                        "backend",
                        "--port",
                        Integer.toString(port),
                        "--slots",
                        Integer.toString(slots)))
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .start();
        awaitHealth(port);
        return process;
    }

    String name() {
        return name;
    }

    /** The one that was started last: of a tunnel, the node. */
    Process lastProcess() {
        return processes.get(processes.size() - 1);
    }

    /** In the order of their start. */
    List<Process> processes() {
        return List.copyOf(processes);
    }

    /** Of its relay. */
    RelayMetrics metrics() {
        return new RelayMetrics(target);
    }

    LoadDriver.Target target() {
        return target;
    }

    /** CPU time of all its processes. */
    Duration cpu() {
        Duration sum = Duration.ZERO;
        for (Process process : processes) {
            sum = sum.plus(process.info().totalCpuDuration().orElse(Duration.ZERO));
        }
        return sum;
    }

    /** Resident memory of all its processes; 0 where there is no /proc. */
    long residentBytes() throws IOException {
        long sum = 0;
        for (Process process : processes) {
            Path status = Path.of("/proc", Long.toString(process.pid()), "status");
            if (Files.exists(status)) {
                for (String line : Files.readAllLines(status)) {
                    if (line.startsWith("VmRSS:")) {
                        sum += Long.parseLong(line.replaceAll("\\D", "")) << 10;
                    }
                }
            }
        }
        return sum;
    }

    private void start(Path folder, List<String> goinfer, String... arguments) throws IOException {
        Files.createDirectories(folder);
        List<String> command = new ArrayList<>(with(goinfer, arguments));
        command.addAll(List.of("--state-dir", folder.toString()));
        ProcessBuilder builder = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(folder.resolve("log").toFile());
        builder.environment().put("XDG_CONFIG_HOME", folder.toString());
        processes.add(builder.start());
    }

    private static List<String> with(List<String> goinfer, String... arguments) {
        List<String> all = new ArrayList<>(goinfer);
        all.addAll(List.of(arguments));
        return all;
    }

    /** Serves the model with the key of its first start. */
    private void await(int port, Path state) throws IOException {
        awaitHealth(port);
        String key = Files.readString(state.resolve("relay").resolve("first-admin-key"))
                .strip();
        awaitUrl("http://127.0.0.1:" + port + "/v1/models/sim", Map.of("Authorization", "Bearer " + key));
        target = new LoadDriver.Target(port, key, "sim");
    }

    private static void awaitHealth(int port) throws IOException {
        awaitUrl("http://127.0.0.1:" + port + "/health", Map.of());
    }

    private static void awaitUrl(String url, Map<String, String> headers) throws IOException {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(START_SECONDS);
        while (System.nanoTime() < end) {
            try {
                HttpURLConnection call =
                        (HttpURLConnection) URI.create(url).toURL().openConnection();
                headers.forEach(call::setRequestProperty);
                if (call.getResponseCode() == 200) {
                    try (InputStream body = call.getInputStream()) {
                        body.readAllBytes();
                    }
                    return;
                }
            } catch (java.net.ConnectException e) {
                // Not yet.
                java.util.concurrent.locks.LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(20));
            }
        }
        throw new IOException(String.format(Locale.ROOT, "%s did not answer within %d s", url, START_SECONDS));
    }

    private static void waitFor(Process process) throws IOException {
        try {
            if (!process.waitFor(START_SECONDS, TimeUnit.SECONDS) || process.exitValue() != 0) {
                throw new IOException("goinfer token create failed");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted", e);
        }
    }

    @Override
    public void close() {
        processes.forEach(Process::destroyForcibly);
    }
}
