// SPDX-License-Identifier: MIT
package io.goinfer.launcher;

import static org.assertj.core.api.Assertions.assertThat;

import io.goinfer.bench.Soak;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The shortest {@code goinfer bench soak}. What failed can be run again with its seed. */
class SoakTest {
    @Test
    void nothingBreaksAndNothingIsLeftBehind() throws Exception {
        StringWriter said = new StringWriter();
        Soak.Options options = new Soak.Options(
                Processes.command(),
                List.of(),
                Duration.ofSeconds(1),
                Duration.ofSeconds(20),
                System.nanoTime() & 0xffff);
        boolean good = new Soak(options, new PrintWriter(said)).run();
        assertThat(good).as(said.toString()).isTrue();
        System.out.println(said);
    }
}
