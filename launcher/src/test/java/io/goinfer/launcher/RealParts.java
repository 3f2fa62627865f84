// SPDX-License-Identifier: MIT
package io.goinfer.launcher;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** The real llama-server and a small GGUF; a test is skipped, and says so, where they are not installed. */
final class RealParts {
    private RealParts() {}

    static Path folder() {
        String given = System.getenv("GOINFER_TEST_PARTS");
        return given == null
                ? Path.of(System.getProperty("user.home"), ".cache", "goinfer-test-parts")
                : Path.of(given);
    }

    static Path server() {
        return required("llama-server");
    }

    static Path model() {
        return required("gemma-3-270m-q4_k_m.gguf");
    }

    private static Path required(String name) {
        Path file = folder().resolve(name);
        assumeTrue(Files.exists(file), "SKIPPED: no " + name + " in " + folder() + "; .ci/install-parts installs it");
        return file;
    }

    /** Two slots, small batches, everything local. */
    static List<String> command(Path model, String alias, String port, String... more) {
        List<String> words = new ArrayList<>(
                List.of(server().toString(), "--offline", "--no-ui", "-t", "1", "-c", "4096", "-np", "2", "-b", "256"));
        words.addAll(List.of("-a", alias, "-m", model.toString(), "--port", port));
        words.addAll(List.of(more));
        return words;
    }
}
