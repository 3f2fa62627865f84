// SPDX-License-Identifier: MIT
package io.goinfer.proxy.admin;

import io.goinfer.certs.Json;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A running relay's Unix socket (0600 in a 0700 folder): one JSON object in, one JSON list out, then the end. A thread of its own, one caller at a time:
 * only this machine's owner can call.
 */
public final class LocalSocket implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(LocalSocket.class);
    private static final int MAX_REQUEST = 64 << 10;
    private static final String PROBLEM = "problem";

    private final Path path;
    private final ServerSocketChannel server;

    private LocalSocket(Path path, ServerSocketChannel server) {
        this.path = path;
        this.server = server;
    }

    static Path path(Path folder) {
        return folder.resolve("admin.sock");
    }

    /** The caller holds the folder's lock, so a socket file that is there is a dead process's. */
    public static LocalSocket serve(Path folder, AdminCommands commands) throws IOException {
        Path path = path(folder);
        Files.deleteIfExists(path);
        ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
        server.bind(UnixDomainSocketAddress.of(path));
        if (path.getFileSystem().supportedFileAttributeViews().contains("posix")) {
            Files.setPosixFilePermissions(path, PosixFilePermissions.fromString("rw-------"));
        }
        LocalSocket socket = new LocalSocket(path, server);
        Thread thread = new Thread(() -> socket.loop(commands), "admin-socket");
        thread.setDaemon(true);
        thread.start();
        return socket;
    }

    /** After a start that failed. */
    public static void remove(Path folder) throws IOException {
        Files.deleteIfExists(path(folder));
    }

    private void loop(AdminCommands commands) {
        while (server.isOpen()) {
            try (SocketChannel caller = server.accept()) {
                write(caller, answer(commands, read(caller)));
            } catch (IOException e) {
                if (server.isOpen()) {
                    LOG.debug("admin socket: {}", e.getMessage());
                }
            }
        }
    }

    private static String answer(AdminCommands commands, String request) {
        try {
            Map<String, String> arguments = Json.readObject(request);
            return Json.write(commands.run(arguments.getOrDefault("command", ""), arguments));
        } catch (IOException | AdminCommands.Problem e) {
            return Json.write(List.of(Map.of(PROBLEM, String.valueOf(e.getMessage()))));
        }
    }

    /**
     * Asks the relay that runs on this folder.
     *
     * @return empty if none answers there
     */
    public static Optional<List<Map<String, String>>> ask(Path folder, String command, Map<String, String> arguments)
            throws IOException, AdminCommands.Problem {
        if (!Files.exists(path(folder))) {
            return Optional.empty();
        }
        List<Map<String, String>> rows;
        try (SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX)) {
            channel.connect(UnixDomainSocketAddress.of(path(folder)));
            Map<String, String> request = new LinkedHashMap<>(arguments);
            request.put("command", command);
            write(channel, Json.writeObject(request));
            channel.shutdownOutput();
            rows = Json.read(read(channel));
        } catch (java.net.ConnectException e) {
            return Optional.empty();
        }
        if (rows.size() == 1 && rows.get(0).containsKey(PROBLEM)) {
            throw new AdminCommands.Problem(rows.get(0).getOrDefault(PROBLEM, ""));
        }
        return Optional.of(rows);
    }

    private static String read(SocketChannel channel) throws IOException {
        ByteBuffer buffer = ByteBuffer.allocate(4096);
        java.io.ByteArrayOutputStream all = new java.io.ByteArrayOutputStream();
        while (channel.read(buffer) >= 0) {
            all.write(buffer.array(), 0, buffer.position());
            buffer.clear();
            if (all.size() > MAX_REQUEST * 64) {
                throw new IOException("admin socket: message too large");
            }
        }
        return all.toString(StandardCharsets.UTF_8);
    }

    private static void write(SocketChannel channel, String text) throws IOException {
        ByteBuffer bytes = ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8));
        while (bytes.hasRemaining()) {
            channel.write(bytes);
        }
    }

    @Override
    public void close() throws IOException {
        server.close();
        Files.deleteIfExists(path);
    }
}
