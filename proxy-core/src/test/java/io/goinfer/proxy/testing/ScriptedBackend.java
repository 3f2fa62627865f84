// SPDX-License-Identifier: MIT
package io.goinfer.proxy.testing;

import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;

/**
 * A server that answers a path with the bytes that its script says, whatever they are, and closes: well, or with RST. {@code /health} is always fine.
 * Thread-safe.
 */
public final class ScriptedBackend implements AutoCloseable {
    private static final String HEALTHY = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

    private record Script(String bytes, boolean reset) {}

    private final ServerSocket server;
    private final Map<String, Script> scripts = new ConcurrentHashMap<>();
    private final List<String> requests = new CopyOnWriteArrayList<>();

    public ScriptedBackend() throws IOException {
        server = new ServerSocket(0, 64, InetAddress.getLoopbackAddress());
        daemon(this::accept);
    }

    private static void daemon(Runnable work) {
        Thread thread = new Thread(work, "scripted-backend");
        thread.setDaemon(true);
        thread.start();
    }

    public String url() {
        return "http://127.0.0.1:" + server.getLocalPort();
    }

    /** ISO 8859-1: each character a byte. */
    public void answer(String path, String bytes) {
        scripts.put(path, new Script(bytes, false));
    }

    /** The bytes, then RST. */
    public void answerAndReset(String path, String bytes) {
        scripts.put(path, new Script(bytes, true));
    }

    /** Every request but those for its health, with its body as it came. */
    public List<String> requests() {
        return requests;
    }

    private void accept() {
        try {
            while (true) {
                Socket socket = server.accept();
                daemon(() -> serve(socket));
            }
        } catch (IOException e) {
            requests.add("closed");
        }
    }

    private void serve(Socket socket) {
        try (socket) {
            InputStream in = socket.getInputStream();
            String head = readTo(in, "\r\n\r\n");
            String[] line = head.split(" ", 3);
            if (line.length < 3) {
                return;
            }
            if (line[1].equals("/health")) {
                socket.getOutputStream().write(HEALTHY.getBytes(StandardCharsets.US_ASCII));
                return;
            }
            requests.add(head + body(in, head.toLowerCase(Locale.ROOT)));
            Script script = scripts.getOrDefault(line[1], new Script(HEALTHY.replace("ok", "??"), false));
            socket.getOutputStream().write(script.bytes().getBytes(StandardCharsets.ISO_8859_1));
            if (script.reset()) {
                socket.setSoLinger(true, 0);
            }
        } catch (IOException e) {
            requests.add("broken: " + e.getMessage());
        }
    }

    private static String body(InputStream in, String head) throws IOException {
        if (head.contains("transfer-encoding: chunked")) {
            StringBuilder body = new StringBuilder();
            while (!body.toString().startsWith("0\r\n") && body.indexOf("\r\n0\r\n") < 0) {
                body.append(readTo(in, "\r\n"));
            }
            while (!body.toString().endsWith("\r\n\r\n")) {
                body.append(readTo(in, "\r\n"));
            }
            return body.toString();
        }
        int at = head.indexOf("content-length: ");
        int length = at < 0 ? 0 : Integer.parseInt(head.substring(at + 16, head.indexOf("\r\n", at)));
        return new String(in.readNBytes(length), StandardCharsets.ISO_8859_1);
    }

    private static String readTo(InputStream in, String mark) throws IOException {
        StringBuilder text = new StringBuilder();
        for (int next = in.read(); next >= 0; next = in.read()) {
            text.append((char) next);
            if (text.length() >= mark.length()
                    && text.substring(text.length() - mark.length()).equals(mark)) {
                return text.toString();
            }
        }
        throw new IOException("ended before " + mark.length() + " bytes of an end");
    }

    @Override
    public void close() throws IOException {
        server.close();
    }
}
