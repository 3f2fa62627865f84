// SPDX-License-Identifier: MIT
package io.goinfer.launcher;

import static io.goinfer.tunnel.testing.Eventually.eventually;

import java.io.IOException;
import java.net.HttpURLConnection;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/** The program as real processes, in a folder of their own. Kills what it started. */
final class Processes implements AutoCloseable {
    private static final int LAST_WORDS = 1_000;

    private final Path folder;
    private final List<Process> all = new ArrayList<>();

    Processes(Path folder) {
        this.folder = folder;
    }

    Process goinfer(String log, String... arguments) throws IOException {
        return start(log, command(arguments));
    }

    static List<String> command(String... arguments) {
        List<String> command = new ArrayList<>(List.of(
                ProcessHandle.current().info().command().orElse("java"),
                "-XX:+UseSerialGC",
                "-cp",
                System.getProperty("java.class.path"),
                Goinfer.class.getName()));
        command.addAll(List.of(arguments));
        return command;
    }

    Process start(String log, List<String> command) throws IOException {
        ProcessBuilder builder = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(
                        ProcessBuilder.Redirect.appendTo(folder.resolve(log).toFile()));
        builder.environment().put("XDG_CONFIG_HOME", folder.resolve("config").toString());
        Process process = builder.start();
        all.add(process);
        return process;
    }

    String log(String name) throws IOException {
        return Files.readString(folder.resolve(name));
    }

    private String lastWords() throws IOException {
        StringBuilder words = new StringBuilder();
        try (Stream<Path> files = Files.list(folder)) {
            for (Path log : files.filter(Files::isRegularFile).toList()) {
                String text = Files.readString(log);
                words.append("\n== ").append(log.getFileName()).append('\n');
                words.append(text, Math.max(0, text.length() - LAST_WORDS), text.length());
            }
        }
        return words.toString();
    }

    static void kill9(Process process) throws InterruptedException {
        process.destroyForcibly();
        process.waitFor(10, TimeUnit.SECONDS);
    }

    /** Status of a request, 0 if nobody answers. */
    static int status(String url, String key, String body) {
        return answer(url, key, body, new StringBuilder());
    }

    static int answer(String url, String key, String body, StringBuilder text) {
        return answer(url, key, body, text, 15_000);
    }

    static int answer(String url, String key, String body, StringBuilder text, int timeoutMillis) {
        try {
            HttpURLConnection call = (HttpURLConnection) URI.create(url).toURL().openConnection();
            call.setConnectTimeout(2_000);
            call.setReadTimeout(timeoutMillis);
            call.setRequestProperty("Authorization", "Bearer " + key);
            call.setRequestProperty("Connection", "close");
            if (body != null) {
                call.setDoOutput(true);
                call.getOutputStream().write(body.getBytes(StandardCharsets.UTF_8));
            }
            int status = call.getResponseCode();
            var stream = status < 400 ? call.getInputStream() : call.getErrorStream();
            if (stream != null) {
                text.append(new String(stream.readAllBytes(), StandardCharsets.UTF_8));
            }
            return status;
        } catch (IOException e) {
            return 0;
        }
    }

    /** Milliseconds until a request is answered 200. If it never is, the error has the ends of all logs. */
    long untilServed(String url, String key, String body) throws IOException {
        long start = System.nanoTime();
        try {
            eventually(url + " is served", Duration.ofSeconds(40), () -> status(url, key, body) == 200);
        } catch (AssertionError late) {
            throw new AssertionError(late.getMessage() + lastWords(), late);
        }
        return TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - start);
    }

    @Override
    public void close() throws Exception {
        for (Process process : all) {
            kill9(process);
        }
    }
}
