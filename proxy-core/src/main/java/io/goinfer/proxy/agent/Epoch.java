// SPDX-License-Identifier: MIT
package io.goinfer.proxy.agent;

import io.goinfer.certs.StateFile;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;

/** A number that only grows, raised and fsynced once a process start: who is newest (PROTOCOL.md §8). Blocking. */
final class Epoch {
    private final Path file;
    private long value;

    /** Raises it. */
    Epoch(Path folder) throws IOException {
        this.file = folder.resolve("epoch");
        String before = StateFile.read(file).orElse("0").strip();
        this.value = before.matches("\\d{1,18}") ? Long.parseLong(before) : 0;
        raise();
    }

    synchronized long current() {
        return value;
    }

    synchronized long raise() {
        value++;
        try {
            StateFile.write(file, Long.toString(value));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return value;
    }
}
