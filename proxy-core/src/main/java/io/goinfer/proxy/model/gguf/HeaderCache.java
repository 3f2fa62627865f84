// SPDX-License-Identifier: MIT
package io.goinfer.proxy.model.gguf;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** Headers by path, size and time of change, so that a file is read once. Blocking; not thread-safe. */
public final class HeaderCache {
    /**
     * @param header null: it could not be read
     * @param problem "" or why
     */
    public record Entry(@org.jspecify.annotations.Nullable GgufHeader header, String problem) {}

    private record Key(Path path, long size, long changed) {}

    private final Map<Key, Entry> entries = new ConcurrentHashMap<>();

    /** Nobody has read it yet. */
    public static final Entry UNREAD = new Entry(null, "");

    /** What is known of it, without reading more than its size and time. */
    public Entry known(Path file) {
        try {
            return entries.getOrDefault(
                    new Key(
                            file,
                            Files.size(file),
                            Files.getLastModifiedTime(file).toMillis()),
                    UNREAD);
        } catch (IOException e) {
            return UNREAD;
        }
    }

    public Entry header(Path file) {
        try {
            Key key = new Key(
                    file, Files.size(file), Files.getLastModifiedTime(file).toMillis());
            Entry known = entries.get(key);
            if (known == null) {
                known = read(file);
                entries.put(key, known);
            }
            return known;
        } catch (IOException e) {
            return new Entry(null, String.valueOf(e.getMessage()));
        }
    }

    private static Entry read(Path file) {
        try {
            return new Entry(GgufReader.read(file), "");
        } catch (IOException e) {
            return new Entry(null, String.valueOf(e.getMessage()));
        }
    }
}
