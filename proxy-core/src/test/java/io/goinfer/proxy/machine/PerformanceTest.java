// SPDX-License-Identifier: MIT
package io.goinfer.proxy.machine;

import static org.assertj.core.api.Assertions.assertThat;

import io.goinfer.proxy.json.JsonTree;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** On the machine that the test runs on. */
class PerformanceTest {
    @Test
    void thisMachineIsMeasuredAndTheOldestSampleGoes() {
        Performance performance = new Performance(Duration.ofMinutes(20));
        for (int i = 0; i < 5; i++) {
            performance.sample();
        }
        Map<String, Object> json = performance.json(Instant.MIN);
        List<Object> samples = JsonTree.list(json.get("sys_stats"));
        assertThat(json).containsEntry("enabled", true);
        assertThat(samples).hasSize(3);
        Map<String, Object> last = JsonTree.map(samples.get(2));
        assertThat(JsonTree.list(last.get("cpu_util_per_core")))
                .hasSize(Runtime.getRuntime().availableProcessors());
        assertThat((Long) last.get("mem_total_mb")).isPositive();
        assertThat((Long) last.get("mem_used_mb")).isBetween(1L, (Long) last.get("mem_total_mb"));
        assertThat(JsonTree.list(last.get("net_io"))).isNotEmpty();

        Instant second =
                Instant.parse(String.valueOf(JsonTree.map(samples.get(1)).get("timestamp")));
        assertThat(JsonTree.list(performance.json(second).get("sys_stats"))).hasSize(1);
    }

    @Test
    void thisMachinesPartsAreKnown() {
        Map<String, Object> parts = Hardware.read();
        assertThat(parts)
                .containsEntry("schema_version", 1)
                .containsEntry("architecture", System.getProperty("os.arch"));
        assertThat((Long) JsonTree.map(parts.get("memory")).get("capacity_bytes"))
                .isGreaterThan(64L << 20);
        assertThat((Integer) JsonTree.map(parts.get("cpu")).get("logical_cores"))
                .isPositive();
    }
}
