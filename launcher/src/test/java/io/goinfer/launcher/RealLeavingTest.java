// SPDX-License-Identifier: MIT
package io.goinfer.launcher;

import static io.goinfer.tunnel.testing.Eventually.eventually;
import static org.assertj.core.api.Assertions.assertThat;

import io.goinfer.bench.FreePort;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Who leaves a real llama-server with two slots, while another client streams on the first: decoding as a stream, decoding as JSON, in prompt processing,
 * and in the queue behind a third that stays. Each time the slot, or the place, is free soon, and who stays gets the whole answer. The same directly
 * against llama-server is printed beside it.
 */
class RealLeavingTest {
    private static final Pattern RELEASED = Pattern.compile("slot +release");
    private static final int STAYS = 700;

    @TempDir
    Path folder;

    /** A request on its own connection. */
    private static final class Client implements AutoCloseable {
        private final Socket socket;
        private final StringBuilder got = new StringBuilder();

        Client(int port, String body) throws IOException {
            socket = new Socket("127.0.0.1", port);
            byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
            String head = "POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                    + "Content-Length: " + bytes.length + "\r\nConnection: close\r\n\r\n";
            socket.getOutputStream().write((head + body).getBytes(StandardCharsets.UTF_8));
        }

        void readUntil(String mark) throws IOException {
            InputStream in = socket.getInputStream();
            byte[] buffer = new byte[8192];
            while (got.indexOf(mark) < 0) {
                int read = in.read(buffer);
                if (read < 0) {
                    throw new IOException("ended before " + mark + ": " + got);
                }
                got.append(new String(buffer, 0, read, StandardCharsets.UTF_8));
            }
        }

        /** Everything; on a thread of its own, so that the answer is taken as it comes. */
        CompletableFuture<String> rest() {
            return CompletableFuture.supplyAsync(
                    () -> {
                        try {
                            got.append(new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8));
                        } catch (IOException e) {
                            got.append(e);
                        }
                        return got.toString();
                    },
                    task -> new Thread(task).start());
        }

        @Override
        public void close() throws IOException {
            socket.close();
        }
    }

    private static String chat(boolean stream, int tokens, String content) {
        return "{\"model\":\"m\",\"stream\":" + stream + ",\"ignore_eos\":true,\"cache_prompt\":false,\"max_tokens\":"
                + tokens + ",\"messages\":[{\"role\":\"user\",\"content\":\"" + content + "\"}]}";
    }

    private static String longPrompt() {
        return "The quick brown fox jumps over the lazy dog again and again. ".repeat(125);
    }

    @Test
    void whoLeavesFreesItsSlotAndWhoStaysGetsItsAnswer() throws Exception {
        Path model = RealParts.model();
        int backend = FreePort.find();
        Path swap = Files.writeString(
                folder.resolve("llama-swap.yml"),
                "startPort: " + backend + "\nmodels:\n  m:\n    cmd: "
                        + String.join(" ", RealParts.command(model, "m", "${PORT}")) + "\n");
        int port = FreePort.find();
        String base = "http://127.0.0.1:" + port;
        try (Processes processes = new Processes(folder)) {
            processes.goinfer(
                    "serve.log",
                    "serve",
                    "--no-api-key",
                    "--swap-config",
                    swap.toString(),
                    "--listen",
                    "127.0.0.1:" + port + "=openai,llama-swap,admin",
                    "--state-dir",
                    folder.resolve("state").toString());
            eventually("health", () -> Processes.status(base + "/health", "", null) == 200);
            Server goinfer = new Server(port, () -> text(base + "/logs/m"));
            String through = goinfer.leave(processes, base);

            int direct = FreePort.find();
            processes.start("direct.log", RealParts.command(model, "m", Integer.toString(direct)));
            String directUrl = "http://127.0.0.1:" + direct;
            eventually("ready", Duration.ofSeconds(30), () -> Processes.status(directUrl + "/health", "", null) == 200);
            Server plain = new Server(direct, () -> processes.log("direct.log"));

            System.out.println("left, then free after ms (through goinfer): " + through);
            System.out.println("left, then free after ms (llama-server itself): " + plain.leaveAlone());
        }
    }

    private static String text(String url) {
        StringBuilder answer = new StringBuilder();
        Processes.answer(url, "", null, answer);
        return answer.toString();
    }

    private static int gauge(String base, String name) {
        return text(base + "/metrics")
                .lines()
                .filter(line -> line.startsWith(name + " "))
                .mapToInt(line -> (int) Double.parseDouble(line.substring(name.length() + 1)))
                .findFirst()
                .orElse(-1);
    }

    private interface Log {
        String read() throws IOException;
    }

    /** A server and its log. */
    private static final class Server {
        private final int port;
        private final Log log;

        Server(int port, Log log) {
            this.port = port;
            this.log = log;
        }

        private String log() {
            try {
                return log.read();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }

        private long released() {
            return RELEASED.matcher(log()).results().count();
        }

        private long starts() {
            return Pattern.compile("processing task").matcher(log()).results().count();
        }

        /** Milliseconds until another slot was given free. */
        private long after(long before) {
            long left = System.nanoTime();
            eventually("the slot is free", Duration.ofSeconds(40), () -> released() > before);
            return TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - left);
        }

        private long leavesStream() throws IOException {
            long before = released();
            try (Client client = new Client(port, chat(true, 5000, "Tell a long story"))) {
                client.readUntil("content\":\"");
            }
            return after(before);
        }

        private long leavesJson() throws IOException {
            long before = released();
            long running = starts();
            try (Client client = new Client(port, chat(false, 5000, "Tell a long story"))) {
                eventually("it runs", Duration.ofSeconds(20), () -> starts() > running);
            }
            return after(before);
        }

        private long leavesPrompt() throws IOException {
            long before = released();
            long running = starts();
            try (Client client = new Client(port, chat(true, 50, longPrompt()))) {
                eventually("it runs", Duration.ofSeconds(20), () -> starts() > running);
            }
            return after(before);
        }

        String leave(Processes processes, String base) throws Exception {
            StringBuilder times = new StringBuilder();
            try (Client stays = new Client(port, chat(true, STAYS, "Count to a thousand"))) {
                stays.readUntil("content\":\"");
                CompletableFuture<String> answer = stays.rest();
                times.append("stream ").append(leavesStream());
                times.append(", JSON ").append(leavesJson());
                times.append(", prompt ").append(leavesPrompt());
                try (Client third = new Client(port, chat(true, STAYS / 4, "Count to a hundred"))) {
                    third.readUntil("content\":\"");
                    CompletableFuture<String> other = third.rest();
                    long running = starts();
                    Client queued = new Client(port, chat(true, 50, "Hello"));
                    eventually("it waits", () -> gauge(base, "goinfer_models_queued") == 1);
                    queued.close();
                    long left = System.nanoTime();
                    eventually("its place is free", () -> gauge(base, "goinfer_models_queued") == 0);
                    times.append(", queue ").append(TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - left));
                    assertWhole(other.get(2, TimeUnit.MINUTES), STAYS / 4);
                    assertThat(starts())
                            .as("who left the queue never reached llama-server")
                            .isEqualTo(running);
                }
                assertWhole(answer.get(2, TimeUnit.MINUTES), STAYS);
            }
            return times.toString();
        }

        String leaveAlone() throws Exception {
            StringBuilder times = new StringBuilder();
            try (Client stays = new Client(port, chat(true, STAYS, "Count to a thousand"))) {
                stays.readUntil("content\":\"");
                CompletableFuture<String> answer = stays.rest();
                times.append("stream ").append(leavesStream());
                times.append(", prompt ").append(leavesPrompt());
                answer.get(2, TimeUnit.MINUTES);
            }
            return times.toString();
        }

        /** Each event of the stream carries one token, and the last one says how many there were. */
        private static void assertWhole(String received, int tokens) {
            // Chunks may end anywhere.
            String answer = received.replaceAll("\r\n[0-9a-f]{1,4}\r\n", "");
            assertThat(answer).contains("\"predicted_n\":" + tokens).contains("data: [DONE]");
            assertThat(answer).doesNotContain("prompt_progress");
        }
    }
}
