// SPDX-License-Identifier: MIT
package io.goinfer.launcher;

import static org.assertj.core.api.Assertions.assertThat;

import io.goinfer.bench.OutageSeries;
import io.goinfer.bench.OutageTrial;
import io.goinfer.bench.Outages;
import java.io.PrintWriter;
import java.io.StringWriter;
import org.junit.jupiter.api.Test;

/** A short {@code goinfer bench faults --only outages}. What broke can be run again with its seed; how late a new request was is told, and not judged. */
class OutagesTest {
    private static final int OUTAGES = 24;

    @Test
    void noStreamBreaks() throws Exception {
        StringWriter said = new StringWriter();
        long seed = Long.getLong("goinfer.outages.seed", System.nanoTime() & 0xffff);
        Outages.Options options =
                new Outages.Options(Processes.command(), OUTAGES, seed, new OutageTrial.Streams(16, 20));

        OutageSeries series = new Outages(options, new PrintWriter(said)).run();

        System.out.println(said);
        assertThat(series.done()).as(said.toString()).isEqualTo(OUTAGES);
        assertThat(series.broken()).as(said.toString()).isZero();
    }
}
