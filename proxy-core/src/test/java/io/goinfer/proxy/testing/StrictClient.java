// SPDX-License-Identifier: MIT
package io.goinfer.proxy.testing;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** A client on one connection that reads responses as RFC 9112 says, believes nothing else, and takes no byte beyond them. */
public final class StrictClient implements AutoCloseable {
    /** What stands there is no HTTP/1.1 response. */
    public static final class Malformed extends IOException {
        private static final long serialVersionUID = 1;

        Malformed(String what) {
            super(what);
        }
    }

    /**
     * One response.
     *
     * @param interims heads of those before it, as they came
     * @param head as it came
     * @param trailers names, in lower case
     * @param complete false: the connection ended before it did
     */
    public record Reply(
            List<String> interims, String head, int status, String body, List<String> trailers, boolean complete) {
        /** Values of a field, in order. */
        public List<String> all(String name) {
            List<String> values = new ArrayList<>();
            for (String line : head.split("\r\n")) {
                int colon = line.indexOf(':');
                if (colon > 0 && line.substring(0, colon).equalsIgnoreCase(name)) {
                    values.add(line.substring(colon + 1).strip());
                }
            }
            return values;
        }

        public boolean closes() {
            return all("connection").stream()
                    .anyMatch(value -> value.toLowerCase(Locale.ROOT).contains("close"));
        }

        /** It came whole, and another may follow it. */
        public boolean keeps() {
            return complete && !closes() && status != 101;
        }
    }

    private static final String TOKEN = "[!#$%&'*+.^_`|~0-9A-Za-z-]+";
    private static final int SMALL_BUFFER = 4 << 10;

    private final Socket socket;
    private final InputStream in;

    public StrictClient(int port) throws IOException {
        socket = new Socket();
        socket.setReceiveBufferSize(SMALL_BUFFER);
        socket.connect(new InetSocketAddress("127.0.0.1", port));
        socket.setSoTimeout(10_000);
        socket.setTcpNoDelay(true);
        in = new java.io.BufferedInputStream(socket.getInputStream());
    }

    public StrictClient send(String text) throws IOException {
        socket.getOutputStream().write(text.getBytes(StandardCharsets.ISO_8859_1));
        return this;
    }

    /** @throws Malformed if what comes is no HTTP */
    public Reply read(String method) throws IOException {
        List<String> interims = new ArrayList<>();
        String head = head();
        while (head.matches("(?s)HTTP/1\\.1 1(?!01)\\d\\d .*\r\n\r\n")) {
            check(head);
            interims.add(head);
            head = head();
        }
        if (!head.endsWith("\r\n\r\n")) {
            if (!head.isEmpty()) {
                throw new Malformed("half a head: " + shown(head));
            }
            return new Reply(interims, "", 0, "", List.of(), false);
        }
        check(head);
        int status = Integer.parseInt(head.substring(9, 12));
        Reply bare = new Reply(interims, head, status, "", List.of(), true);
        List<String> lengths = bare.all("content-length");
        List<String> codings = bare.all("transfer-encoding");
        if (lengths.size() + codings.size() > 1) {
            throw new Malformed("two framings: " + shown(head));
        }
        if ((status < 200 || status == 204) && lengths.size() + codings.size() > 0) {
            throw new Malformed("a length where there is no body: " + shown(head));
        }
        if (method.equals("HEAD") || status == 101 || status == 204 || status == 304) {
            return bare;
        }
        if (!codings.isEmpty()) {
            if (!codings.get(0).equals("chunked")) {
                throw new Malformed("coding: " + codings.get(0));
            }
            return chunks(bare);
        }
        if (lengths.isEmpty()) {
            throw new Malformed("a body that only the connection's end delimits: " + shown(head));
        }
        if (!lengths.get(0).matches("\\d{1,18}|[1-8]\\d{18}")) {
            throw new Malformed("length: " + lengths.get(0));
        }
        long length = Long.parseLong(lengths.get(0));
        byte[] body = bytes(length);
        return new Reply(interims, head, status, text(body), List.of(), body.length == length);
    }

    private Reply chunks(Reply bare) throws IOException {
        StringBuilder body = new StringBuilder();
        while (true) {
            String size = line();
            if (!size.endsWith("\r\n")) {
                return new Reply(bare.interims, bare.head, bare.status, body.toString(), List.of(), false);
            }
            if (!size.matches("[0-9a-fA-F]{1,7}\r\n")) {
                throw new Malformed("chunk size: " + shown(size));
            }
            int length = Integer.parseInt(size.strip(), 16);
            if (length == 0) {
                break;
            }
            byte[] chunk = bytes(length);
            body.append(text(chunk));
            if (chunk.length < length) {
                return new Reply(bare.interims, bare.head, bare.status, body.toString(), List.of(), false);
            }
            String after = line();
            if (!after.equals("\r\n") && !after.isEmpty()) {
                throw new Malformed("behind a chunk: " + shown(after));
            }
        }
        List<String> trailers = new ArrayList<>();
        String line = line();
        while (line.endsWith("\r\n") && !line.equals("\r\n")) {
            checkField(line.substring(0, line.length() - 2));
            trailers.add(line.substring(0, line.indexOf(':')).toLowerCase(Locale.ROOT));
            line = line();
        }
        return new Reply(bare.interims, bare.head, bare.status, body.toString(), trailers, line.equals("\r\n"));
    }

    private String head() throws IOException {
        StringBuilder head = new StringBuilder();
        String line;
        do {
            line = line();
            head.append(line);
        } while (line.endsWith("\r\n") && !line.equals("\r\n"));
        return head.toString();
    }

    private static void check(String head) throws IOException {
        String[] lines = head.substring(0, head.length() - 4).split("\r\n", -1);
        if (!lines[0].matches("HTTP/1\\.1 [1-5]\\d\\d [\\x20-\\x7e]*")) {
            throw new Malformed("status line: " + shown(lines[0]));
        }
        for (int i = 1; i < lines.length; i++) {
            checkField(lines[i]);
        }
    }

    private static void checkField(String line) throws IOException {
        if (!line.matches(TOKEN + ":[\\t\\x20-\\x7e\\x80-\\xff]*")) {
            throw new Malformed("field: " + shown(line));
        }
    }

    /** Up to a line feed, or the end. */
    private String line() throws IOException {
        ByteArrayOutputStream line = new ByteArrayOutputStream();
        for (int next = next(); next >= 0; next = next()) {
            line.write(next);
            if (next == '\n') {
                break;
            }
        }
        return text(line.toByteArray());
    }

    private byte[] bytes(long length) throws IOException {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        while (all.size() < length) {
            int next = next();
            if (next < 0) {
                break;
            }
            all.write(next);
        }
        return all.toByteArray();
    }

    private int next() throws IOException {
        try {
            return in.read();
        } catch (SocketTimeoutException e) {
            throw new Malformed("no end within 10 s");
        } catch (java.net.SocketException e) {
            return -1;
        }
    }

    /** Nothing came that nobody asked for. */
    public boolean isSilent() throws IOException {
        return in.available() == 0;
    }

    /** What comes until the connection ends. */
    public String rest() throws IOException {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        for (int next = next(); next >= 0; next = next()) {
            all.write(next);
        }
        return text(all.toByteArray());
    }

    private static String text(byte[] bytes) {
        return new String(bytes, StandardCharsets.ISO_8859_1);
    }

    private static String shown(String text) {
        return text.length() > 300 ? text.substring(0, 300) + "…" : text;
    }

    @Override
    public void close() throws IOException {
        socket.close();
    }
}
