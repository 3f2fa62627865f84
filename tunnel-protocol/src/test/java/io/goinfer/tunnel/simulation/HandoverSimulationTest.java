// SPDX-License-Identifier: MIT
package io.goinfer.tunnel.simulation;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import java.util.List;
import java.util.stream.LongStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.slf4j.LoggerFactory;

/**
 * Exchanges move between sessions without loss, whatever happens when (PROTOCOL.md §6.10): the classes of relay and node as they are, over connections in
 * memory. A schedule is its seed; {@code -Dgoinfer.schedules} says how many there are.
 */
class HandoverSimulationTest {
    private static final long SCHEDULES = Long.getLong("goinfer.schedules", 100_000);
    private static final Logger LOG = (Logger) LoggerFactory.getLogger("io.goinfer.tunnel.session");

    /** Sessions say what they do; a hundred thousand schedules would say it too often. */
    @BeforeAll
    static void quiet() {
        LOG.setLevel(Level.ERROR);
    }

    @AfterAll
    static void asBefore() {
        LOG.setLevel(null);
    }

    @Test
    void exchangesSurviveEverySchedule() {
        List<Long> wrong = LongStream.range(0, SCHEDULES)
                .parallel()
                .filter(seed -> HandoverSimulation.run(seed) != null)
                .sorted()
                .boxed()
                .toList();

        assertThat(wrong).as(() -> explain(wrong)).isEmpty();
    }

    /** The first one in full, to be read, and kept below. */
    private static String explain(List<Long> wrong) {
        return wrong.isEmpty()
                ? ""
                : wrong.size() + " of " + SCHEDULES + " schedules went wrong; schedule " + wrong.get(0) + ":\n"
                        + String.join("\n", HandoverSimulation.trace(wrong.get(0))) + "\n";
    }

    /** Schedules that went wrong once. */
    @ParameterizedTest
    @ValueSource(longs = {28_296, 33_430, 74_931})
    void whatWentWrongOnceGoesRight(long seed) {
        assertThat(HandoverSimulation.run(seed))
                .as(() -> String.join("\n", HandoverSimulation.trace(seed)))
                .isNull();
    }
}
