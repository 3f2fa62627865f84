// SPDX-License-Identifier: MIT
package io.goinfer.proxy.machine;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A GPU as it is now. What its driver does not tell is null.
 *
 * @param memoryUsed,memoryTotal bytes
 * @param powerLimit watts, as {@code power}
 */
record Gpu(
        int index,
        String vendor,
        String name,
        @Nullable String uuid,
        @Nullable String driver,
        @Nullable Double celsius,
        @Nullable Double busyPercent,
        @Nullable Double memoryBusyPercent,
        @Nullable Long memoryUsed,
        @Nullable Long memoryTotal,
        @Nullable Double fanPercent,
        @Nullable Double power,
        @Nullable Double powerLimit) {
    private static final Path CARDS = Path.of("/sys/class/drm");
    private static final int MIB = 20;
    private static final String NVIDIA_FIELDS = "index,name,uuid,driver_version,temperature.gpu,utilization.gpu,"
            + "utilization.memory,memory.used,memory.total,fan.speed,power.draw,power.limit";

    /** All that nvidia-smi and the amdgpu driver know. Blocking. */
    static List<Gpu> all() {
        List<Gpu> all = new ArrayList<>(nvidia(
                Tool.run(List.of("nvidia-smi", "--query-gpu=" + NVIDIA_FIELDS, "--format=csv,noheader,nounits"))));
        all.addAll(amd(CARDS));
        return all;
    }

    static List<Gpu> nvidia(String csv) {
        List<Gpu> all = new ArrayList<>();
        for (String line : csv.lines().toList()) {
            String[] cells = line.strip().split("\\s*,\\s*");
            if (cells.length == NVIDIA_FIELDS.split(",").length && cells[0].matches("\\d{1,4}")) {
                all.add(new Gpu(
                        Integer.parseInt(cells[0]),
                        "nvidia",
                        cells[1],
                        cells[2],
                        cells[3],
                        number(cells[4]),
                        number(cells[5]),
                        number(cells[6]),
                        mebibytes(cells[7]),
                        mebibytes(cells[8]),
                        number(cells[9]),
                        number(cells[10]),
                        number(cells[11])));
            }
        }
        return all;
    }

    static List<Gpu> amd(Path cards) {
        List<Gpu> all = new ArrayList<>();
        if (!Files.isDirectory(cards)) {
            return all;
        }
        try (DirectoryStream<Path> found = Files.newDirectoryStream(cards, "card[0-9]*")) {
            for (Path card : found) {
                Path device = card.resolve("device");
                Double total = value(device.resolve("mem_info_vram_total"), 1);
                if (total == null) {
                    continue;
                }
                String name = text(device.resolve("product_name"));
                Path sensors = sensors(device.resolve("hwmon"));
                Double used = value(device.resolve("mem_info_vram_used"), 1);
                all.add(new Gpu(
                        Integer.parseInt(card.getFileName().toString().replaceAll("\\D", "")),
                        "amd",
                        name.isEmpty() ? "AMD GPU" : name,
                        null,
                        null,
                        value(sensors.resolve("temp1_input"), 1e3),
                        value(device.resolve("gpu_busy_percent"), 1),
                        value(device.resolve("mem_busy_percent"), 1),
                        used == null ? null : used.longValue(),
                        total.longValue(),
                        null,
                        value(sensors.resolve("power1_average"), 1e6),
                        value(sensors.resolve("power1_cap"), 1e6)));
            }
        } catch (IOException e) {
            return all;
        }
        return all;
    }

    private static Path sensors(Path folder) throws IOException {
        if (Files.isDirectory(folder)) {
            try (DirectoryStream<Path> found = Files.newDirectoryStream(folder, "hwmon*")) {
                for (Path one : found) {
                    return one;
                }
            }
        }
        return folder;
    }

    private static @Nullable Double value(Path file, double unit) {
        Double number = number(text(file));
        return number == null ? null : number / unit;
    }

    private static String text(Path file) {
        try {
            return Files.isReadable(file) ? Files.readString(file).strip() : "";
        } catch (IOException e) {
            return "";
        }
    }

    private static @Nullable Double number(String text) {
        return text.matches("\\d{1,15}(\\.\\d{1,9})?") ? Double.valueOf(text) : null;
    }

    private static @Nullable Long mebibytes(String text) {
        Double number = number(text);
        return number == null ? null : number.longValue() << MIB;
    }
}
