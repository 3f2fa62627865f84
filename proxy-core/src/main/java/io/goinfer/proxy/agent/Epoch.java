// SPDX-License-Identifier: MIT
package io.goinfer.proxy.agent;

import io.goinfer.certs.StateFile;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;

/** An unsigned number that only grows, raised and fsynced once a process start: who is newest (PROTOCOL.md §8). Blocking. */
final class Epoch {
    private final Path file;
    private long value;

    /** Raises it. */
    Epoch(Path folder) throws IOException {
        this.file = folder.resolve("epoch");
        String before = StateFile.read(file).orElse("0").strip();
        this.value = parse(before);
        raise();
    }

    private static long parse(String text) {
        try {
            return Long.parseUnsignedLong(text);
        } catch (NumberFormatException e) {
            return 0;
        }
    }

    synchronized long current() {
        return value;
    }

    synchronized long raise() {
        // The largest stays the largest.
        value += value == -1 ? 0 : 1;
        try {
            StateFile.write(file, Long.toUnsignedString(value));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return value;
    }
}
