// SPDX-License-Identifier: MIT
package io.goinfer.proxy.testing;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.Socket;
import java.nio.charset.StandardCharsets;

/** A client that sees every byte: one connection, no help. */
public final class RawClient implements AutoCloseable {
    private final Socket socket;
    private final InputStream in;
    public final StringBuilder got = new StringBuilder();

    public RawClient(int port) throws IOException {
        socket = new Socket("127.0.0.1", port);
        socket.setSoTimeout(30_000);
        socket.setTcpNoDelay(true);
        in = socket.getInputStream();
    }

    public RawClient send(String text) throws IOException {
        socket.getOutputStream().write(text.getBytes(StandardCharsets.UTF_8));
        return this;
    }

    public RawClient get(String path, String key) throws IOException {
        return send("GET " + path + " HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer " + key + "\r\n\r\n");
    }

    public RawClient post(String path, String key, String body) throws IOException {
        return send("POST " + path + " HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer " + key
                + "\r\nContent-Type: application/json\r\nContent-Length: "
                + body.getBytes(StandardCharsets.UTF_8).length + "\r\n\r\n"
                + body);
    }

    /** Reads until {@code mark} was seen; false if the other side closed before. */
    public boolean readUntil(String mark) throws IOException {
        byte[] buffer = new byte[8192];
        while (got.indexOf(mark) < 0) {
            int read = in.read(buffer);
            if (read < 0) {
                return false;
            }
            got.append(new String(buffer, 0, read, StandardCharsets.UTF_8));
        }
        return true;
    }

    /** Reads until {@code mark} was seen {@code times} times. */
    public boolean readUntilCount(String mark, int times) throws IOException {
        byte[] buffer = new byte[8192];
        while (got.toString().split(mark, -1).length <= times) {
            int read = in.read(buffer);
            if (read < 0) {
                return false;
            }
            got.append(new String(buffer, 0, read, StandardCharsets.UTF_8));
        }
        return true;
    }

    /** Sends nothing more, without a reset: what was sent before is still on its way. */
    public void leave() throws IOException {
        socket.shutdownOutput();
    }

    /** Everything until the other side closes. */
    public String readAll() throws IOException {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        try {
            in.transferTo(all);
        } catch (java.net.SocketException e) {
            got.append("<reset>");
        }
        got.append(all.toString(StandardCharsets.UTF_8));
        return got.toString();
    }

    @Override
    public void close() throws IOException {
        socket.close();
    }
}
