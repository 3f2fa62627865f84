// SPDX-License-Identifier: MIT
package io.goinfer.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;

/** What a virtual machine's host gave to others while it measured: of figures from such a time the least counts. Blocking. */
final class StolenTime {
    private static final Path STAT = Path.of("/proc/stat");

    /** Of the fields behind "cpu" in proc(5): user, nice, system, idle, iowait, irq, softirq, steal. */
    private static final int STEAL = 7;

    private final long[] before = ticks();

    StolenTime() throws IOException {}

    /** Percent of the processors' time since this was made; 0 where the system does not say. */
    double percent() throws IOException {
        long[] now = ticks();
        long all = Arrays.stream(now).sum() - Arrays.stream(before).sum();
        return all <= 0 ? 0 : 100.0 * (now[STEAL] - before[STEAL]) / all;
    }

    private static long[] ticks() throws IOException {
        long[] ticks = new long[STEAL + 1];
        if (Files.exists(STAT)) {
            String[] fields = Files.readAllLines(STAT).get(0).trim().split("\\s+");
            for (int i = 0; i <= STEAL && i + 1 < fields.length; i++) {
                ticks[i] = Long.parseLong(fields[i + 1]);
            }
        }
        return ticks;
    }
}
