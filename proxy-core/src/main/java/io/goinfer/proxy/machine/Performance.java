// SPDX-License-Identifier: MIT
package io.goinfer.proxy.machine;

import io.goinfer.proxy.json.JsonTree;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import oshi.SystemInfo;
import oshi.hardware.CentralProcessor;
import oshi.hardware.GlobalMemory;
import oshi.hardware.HardwareAbstractionLayer;
import oshi.hardware.NetworkIF;

/** How busy this machine was in the last hour, as llama-swap's {@code /api/performance} shows it. Thread-safe. */
public final class Performance {
    private static final Duration KEPT = Duration.ofHours(1);
    private static final int MIB = 20;
    private static final double PERCENT = 100;

    private record Sample(Instant time, Map<String, @Nullable Object> system, List<Object> gpus) {}

    private final int size;
    private final Deque<Sample> samples = new ArrayDeque<>();
    private @Nullable HardwareAbstractionLayer machine;
    private long @Nullable [][] ticks;

    /** @param every how often {@link #sample} will be called */
    public Performance(Duration every) {
        this.size = (int) Math.max(1, KEPT.toMillis() / every.toMillis());
    }

    /** Reads once. Blocking; the first call loads what it reads with. */
    public void sample() {
        Sample sample = read();
        synchronized (samples) {
            samples.addLast(sample);
            if (samples.size() > size) {
                samples.removeFirst();
            }
        }
    }

    private synchronized Sample read() {
        if (machine == null) {
            machine = new SystemInfo().getHardware();
        }
        Instant now = Instant.now();
        Map<String, @Nullable Object> system = new LinkedHashMap<>();
        system.put("timestamp", now.toString());
        system.put("cpu_util_per_core", cores(machine.getProcessor()));
        memory(system, machine.getMemory());
        double[] load = machine.getProcessor().getSystemLoadAverage(3);
        for (int i = 0; i < load.length; i++) {
            // Negative: this system has none.
            system.put("load_avg_" + List.of(1, 5, 15).get(i), number(Math.max(0, load[i])));
        }
        List<Object> network = new ArrayList<>();
        for (NetworkIF one : machine.getNetworkIFs()) {
            Map<String, @Nullable Object> row = new LinkedHashMap<>();
            row.put("name", one.getName());
            row.put("bytes_recv", one.getBytesRecv());
            row.put("bytes_sent", one.getBytesSent());
            network.add(row);
        }
        system.put("net_io", network);
        List<Object> gpus = new ArrayList<>();
        Gpu.all().forEach(gpu -> gpus.add(row(now, gpu)));
        return new Sample(now, system, gpus);
    }

    /** Since the sample before; the first one's are since this process looked for the first time. */
    private List<Object> cores(CentralProcessor processor) {
        long @Nullable [][] before = ticks;
        ticks = processor.getProcessorCpuLoadTicks();
        List<Object> cores = new ArrayList<>();
        if (before == null) {
            for (int i = 0; i < processor.getLogicalProcessorCount(); i++) {
                cores.add(number(0));
            }
            return cores;
        }
        for (double load : processor.getProcessorCpuLoadBetweenTicks(before)) {
            cores.add(number(load * PERCENT));
        }
        return cores;
    }

    private static void memory(Map<String, @Nullable Object> system, GlobalMemory memory) {
        long used = memory.getTotal() - memory.getAvailable();
        system.put("mem_total_mb", memory.getTotal() >> MIB);
        system.put("mem_used_mb", used >> MIB);
        system.put("mem_free_mb", memory.getAvailable() >> MIB);
        long swap = memory.getVirtualMemory().getSwapTotal();
        long swapped = memory.getVirtualMemory().getSwapUsed();
        system.put("swap_total_mb", swap >> MIB);
        system.put("swap_used_mb", swapped >> MIB);
        system.put("swap_free_mb", swap - swapped >> MIB);
    }

    private static Map<String, @Nullable Object> row(Instant time, Gpu gpu) {
        Map<String, @Nullable Object> row = new LinkedHashMap<>();
        row.put("timestamp", time.toString());
        row.put("id", gpu.index());
        row.put("name", gpu.name());
        row.put("uuid", gpu.uuid());
        row.put("temp_c", orNull(gpu.celsius()));
        row.put("vram_temp_c", null);
        row.put("gpu_util_pct", orNull(gpu.busyPercent()));
        row.put("mem_util_pct", orNull(gpu.memoryBusyPercent()));
        row.put("mem_used_mb", gpu.memoryUsed() == null ? null : gpu.memoryUsed() >> MIB);
        row.put("mem_total_mb", gpu.memoryTotal() == null ? null : gpu.memoryTotal() >> MIB);
        row.put("fan_speed_pct", orNull(gpu.fanPercent()));
        row.put("power_draw_w", orNull(gpu.power()));
        return row;
    }

    private static JsonTree.@Nullable Number orNull(@Nullable Double value) {
        return value == null ? null : number(value);
    }

    private static JsonTree.Number number(double value) {
        return new JsonTree.Number(Double.toString(Math.round(value * PERCENT) / PERCENT));
    }

    /** @param after older samples are left out */
    public Map<String, @Nullable Object> json(Instant after) {
        List<Object> system = new ArrayList<>();
        List<Object> gpus = new ArrayList<>();
        synchronized (samples) {
            for (Sample sample : samples) {
                if (sample.time().isAfter(after)) {
                    system.add(sample.system());
                    gpus.addAll(sample.gpus());
                }
            }
        }
        Map<String, @Nullable Object> all = new LinkedHashMap<>();
        all.put("enabled", true);
        all.put("sys_stats", system);
        all.put("gpu_stats", gpus);
        return all;
    }
}
