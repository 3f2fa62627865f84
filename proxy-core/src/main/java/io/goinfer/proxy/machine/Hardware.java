// SPDX-License-Identifier: MIT
package io.goinfer.proxy.machine;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import oshi.SystemInfo;
import oshi.hardware.CentralProcessor;
import oshi.software.os.OperatingSystem;

/** What this machine is made of, as llama-swap's {@code /api/hardware} shows it: what is not known is null. */
public final class Hardware {
    private static final int SCHEMA = 1;
    private static final List<Path> CONTAINERS = List.of(Path.of("/.dockerenv"), Path.of("/run/.containerenv"));

    private Hardware() {}

    /** Blocking. */
    public static Map<String, @Nullable Object> read() {
        SystemInfo info = new SystemInfo();
        OperatingSystem system = info.getOperatingSystem();
        CentralProcessor processor = info.getHardware().getProcessor();
        boolean container = CONTAINERS.stream().anyMatch(Files::exists);
        Map<String, @Nullable Object> all = new LinkedHashMap<>();
        all.put("schema_version", SCHEMA);
        all.put("capture", of("time", Instant.now().toString()));
        all.put("architecture", System.getProperty("os.arch"));
        Map<String, @Nullable Object> os = of("family", system.getFamily());
        os.put("version", system.getVersionInfo().toString());
        os.put("kernel", System.getProperty("os.version"));
        all.put("operating_system", os);
        all.put("environment", of("kind", container ? "container" : null));
        Map<String, @Nullable Object> cpu =
                of("model", known(processor.getProcessorIdentifier().getName()));
        cpu.put("vendor", known(processor.getProcessorIdentifier().getVendor()));
        cpu.put("physical_cores", processor.getPhysicalProcessorCount());
        cpu.put("logical_cores", processor.getLogicalProcessorCount());
        all.put("cpu", cpu);
        all.put("memory", of("capacity_bytes", info.getHardware().getMemory().getTotal()));
        List<Object> accelerators = new ArrayList<>();
        Gpu.all().forEach(gpu -> accelerators.add(row(gpu)));
        all.put("accelerators", accelerators);
        return all;
    }

    private static Map<String, @Nullable Object> row(Gpu gpu) {
        Map<String, @Nullable Object> memory = of("kind", gpu.memoryTotal() == null ? "unknown" : "dedicated");
        memory.put("capacity_bytes", gpu.memoryTotal());
        Map<String, @Nullable Object> row = of("index", gpu.index());
        row.put("kind", "gpu");
        row.put("vendor", gpu.vendor());
        row.put("model", gpu.name());
        row.put("architecture", null);
        row.put("memory", memory);
        row.put("driver", gpu.driver());
        row.put("power_limit_watts", gpu.powerLimit() == null ? null : Math.round(gpu.powerLimit()));
        return row;
    }

    private static Map<String, @Nullable Object> of(String name, @Nullable Object value) {
        Map<String, @Nullable Object> map = new LinkedHashMap<>();
        map.put(name, value);
        return map;
    }

    private static @Nullable String known(String text) {
        return text.isBlank() || text.toLowerCase(Locale.ROOT).equals("unknown") ? null : text.strip();
    }
}
