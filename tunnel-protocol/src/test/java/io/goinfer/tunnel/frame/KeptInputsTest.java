// SPDX-License-Identifier: MIT
package io.goinfer.tunnel.frame;

import static org.assertj.core.api.Assertions.assertThatCode;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/** What the fuzzer found, and what it began with ({@code .ci/fuzz}), once more in every build. */
class KeptInputsTest {
    @TestFactory
    List<DynamicTest> frames() throws IOException {
        try (Stream<Path> files = Files.list(Path.of("src/test/resources/fuzz/FramesFuzz"))) {
            return files.sorted()
                    .map(file -> DynamicTest.dynamicTest(
                            file.getFileName().toString(),
                            () -> assertThatCode(() -> FramesFuzz.fuzzerTestOneInput(Files.readAllBytes(file)))
                                    .doesNotThrowAnyException()))
                    .toList();
        }
    }
}
