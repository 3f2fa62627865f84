// SPDX-License-Identifier: MIT
package io.goinfer.certs;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;

/** A small table in one JSON file: read once, written whole after each change. Thread-safe; readers never wait for the disk. */
public final class Records {
    private final Path file;
    private volatile List<Map<String, String>> rows;

    public Records(Path file) throws IOException {
        this.file = file;
        this.rows = List.of();
        Optional<String> text = StateFile.read(file);
        if (text.isPresent()) {
            try {
                rows = freeze(Json.read(text.get()));
            } catch (IOException e) {
                throw new IOException(file + " is damaged: " + e.getMessage(), e);
            }
        }
    }

    public List<Map<String, String>> all() {
        return rows;
    }

    public Optional<Map<String, String>> find(Predicate<Map<String, String>> wanted) {
        return rows.stream().filter(wanted).findFirst();
    }

    /** Adds, or replaces the row with the same {@code id}; durable when it returns. */
    public void put(Map<String, String> row) throws IOException {
        putAll(List.of(row));
    }

    /** {@link #put} of each, all or none. */
    public synchronized void putAll(List<Map<String, String>> added) throws IOException {
        Map<String, Map<String, String>> next = new LinkedHashMap<>();
        rows.forEach(row -> next.put(row.getOrDefault("id", ""), row));
        added.forEach(row -> next.put(row.getOrDefault("id", ""), row));
        save(List.copyOf(next.values()));
    }

    /** True if there was such a row. */
    public synchronized boolean remove(String id) throws IOException {
        List<Map<String, String>> next = new ArrayList<>(rows);
        boolean found = next.removeIf(row -> id.equals(row.get("id")));
        if (found) {
            save(next);
        }
        return found;
    }

    private void save(List<Map<String, String>> next) throws IOException {
        StateFile.write(file, Json.write(next));
        rows = freeze(next);
    }

    private static List<Map<String, String>> freeze(List<Map<String, String>> rows) {
        return rows.stream()
                .map(row -> java.util.Collections.unmodifiableMap(new LinkedHashMap<>(row)))
                .toList();
    }
}
