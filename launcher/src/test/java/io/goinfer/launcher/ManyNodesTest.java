// SPDX-License-Identifier: MIT
package io.goinfer.launcher;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import org.junit.jupiter.api.Test;

class ManyNodesTest {
    @Test
    void allComeBackWhenTheRelayIsKilled() throws Exception {
        StringWriter told = new StringWriter();

        boolean good = new ManyNodes(Processes.command(), new PrintWriter(told, true), 20).run();

        assertThat(told.toString()).contains("20 of 20 nodes connected", "20 of 20 nodes back");
        assertThat(good).isTrue();
    }
}
