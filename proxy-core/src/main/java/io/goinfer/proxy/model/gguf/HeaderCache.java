// SPDX-License-Identifier: MIT
package io.goinfer.proxy.model.gguf;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collection;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/** Headers by path, size and time of change, so that a file is read once. Blocking; not thread-safe. */
public final class HeaderCache {
    /**
     * @param header null: it could not be read
     * @param problem "" or why
     */
    public record Entry(@org.jspecify.annotations.Nullable GgufHeader header, String problem) {}

    private record Read(long size, long changed, Entry entry) {
        boolean isOf(long nowSize, long nowChanged) {
            return size == nowSize && changed == nowChanged;
        }
    }

    /** The last of each file: one that is being downloaded is another one at every look. */
    private final Map<Path, Read> entries = new ConcurrentHashMap<>();

    /** Nobody has read it yet. */
    public static final Entry UNREAD = new Entry(null, "");

    /** What is known of it, without reading more than its size and time. */
    public Entry known(Path file) {
        try {
            Read last = entries.get(file);
            return last != null && last.isOf(Files.size(file), changed(file)) ? last.entry() : UNREAD;
        } catch (IOException e) {
            entries.remove(file);
            return UNREAD;
        }
    }

    public Entry header(Path file) {
        try {
            long size = Files.size(file);
            long changed = changed(file);
            Read last = entries.get(file);
            if (last == null || !last.isOf(size, changed)) {
                last = new Read(size, changed, read(file));
                entries.put(file, last);
            }
            return last.entry();
        } catch (IOException e) {
            entries.remove(file);
            return new Entry(null, String.valueOf(e.getMessage()));
        }
    }

    /** Forgets files that are not among these. */
    public void retain(Collection<Path> files) {
        entries.keySet().retainAll(Set.copyOf(files));
    }

    int size() {
        return entries.size();
    }

    private static long changed(Path file) throws IOException {
        return Files.getLastModifiedTime(file).toMillis();
    }

    private static Entry read(Path file) {
        try {
            return new Entry(GgufReader.read(file), "");
        } catch (IOException e) {
            return new Entry(null, String.valueOf(e.getMessage()));
        }
    }
}
