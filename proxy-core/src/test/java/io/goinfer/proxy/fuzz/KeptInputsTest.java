// SPDX-License-Identifier: MIT
package io.goinfer.proxy.fuzz;

import static org.assertj.core.api.Assertions.assertThatCode;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/** What the fuzzer found, and what it began with ({@code .ci/fuzz}), once more in every build. */
class KeptInputsTest {
    private interface Target {
        void run(byte[] data) throws Exception;
    }

    private static final Map<String, Target> TARGETS = targets();

    private static Map<String, Target> targets() {
        Map<String, Target> all = new LinkedHashMap<>();
        all.put("JsonScannerFuzz", JsonScannerFuzz::fuzzerTestOneInput);
        all.put("JsonEditFuzz", JsonEditFuzz::fuzzerTestOneInput);
        all.put("MultipartFuzz", MultipartFuzz::fuzzerTestOneInput);
        all.put("ModelsFuzz", ModelsFuzz::fuzzerTestOneInput);
        all.put("GgufFuzz", GgufFuzz::fuzzerTestOneInput);
        return all;
    }

    @TestFactory
    Stream<DynamicTest> inputs() {
        return TARGETS.entrySet().stream()
                .flatMap(target -> files(target.getKey())
                        .map(file -> DynamicTest.dynamicTest(
                                target.getKey() + " " + file.getFileName(),
                                () -> assertThatCode(() -> target.getValue().run(Files.readAllBytes(file)))
                                        .doesNotThrowAnyException())));
    }

    private static Stream<Path> files(String target) {
        try (Stream<Path> files = Files.list(Path.of("src/test/resources/fuzz", target))) {
            return files.sorted().toList().stream();
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }
}
