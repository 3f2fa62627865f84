// SPDX-License-Identifier: MIT
package io.goinfer.proxy.testing;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.locks.LockSupport;

/** A model's server whose stream counts its events until it is told to end, and whose other answers are always the same bytes. */
public final class NumberedBackend implements AutoCloseable {
    public static final String ANSWER = "{\"honest\":\"answer\"}";
    private static final long EVERY_NANOS = 5_000_000;

    private final HttpServer server;
    private final ExecutorService threads = Executors.newCachedThreadPool();
    private volatile boolean ending;
    private volatile int events;

    public NumberedBackend(String model) throws IOException {
        server = HttpServer.create(new InetSocketAddress("127.0.0.1", 0), 0);
        server.setExecutor(threads);
        server.createContext("/v1/models", call -> answer(call, "{\"data\":[{\"id\":\"" + model + "\"}]}"));
        server.createContext("/v1/completions", call -> answer(call, ANSWER));
        server.createContext("/v1/chat/completions", this::count);
        server.start();
    }

    public String url() {
        return "http://127.0.0.1:" + server.getAddress().getPort();
    }

    /** Streams end behind the event that they are at. */
    public void end() {
        ending = true;
    }

    /** Events of the stream that ended last. */
    public int events() {
        return events;
    }

    public static String event(int number) {
        return "data: {\"n\":" + number + "}\n\n";
    }

    private static void answer(HttpExchange call, String body) throws IOException {
        call.getRequestBody().readAllBytes();
        byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
        call.getResponseHeaders().set("content-type", "application/json");
        call.sendResponseHeaders(200, bytes.length);
        try (OutputStream out = call.getResponseBody()) {
            out.write(bytes);
        }
    }

    private void count(HttpExchange call) throws IOException {
        call.getRequestBody().readAllBytes();
        call.getResponseHeaders().set("content-type", "text/event-stream");
        call.sendResponseHeaders(200, 0);
        int number = 0;
        try (OutputStream out = call.getResponseBody()) {
            while (!ending) {
                out.write(event(number++).getBytes(StandardCharsets.UTF_8));
                out.flush();
                LockSupport.parkNanos(EVERY_NANOS);
            }
            events = number;
            out.write("data: [DONE]\n\n".getBytes(StandardCharsets.UTF_8));
        }
    }

    @Override
    public void close() {
        ending = true;
        server.stop(0);
        threads.shutdownNow();
    }
}
