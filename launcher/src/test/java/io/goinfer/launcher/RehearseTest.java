// SPDX-License-Identifier: MIT
package io.goinfer.launcher;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RehearseTest {
    @TempDir
    Path folder;

    @Test
    void relayAndNodesStartAndAnswer() throws Exception {
        try (Processes processes = new Processes(folder)) {
            Process rehearsal = processes.goinfer("log", "rehearse");
            assertThat(rehearsal.waitFor(120, TimeUnit.SECONDS)).isTrue();
            assertThat(rehearsal.exitValue()).as(processes.log("log")).isZero();
        }
    }
}
