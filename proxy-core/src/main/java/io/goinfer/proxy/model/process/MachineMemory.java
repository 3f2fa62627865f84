// SPDX-License-Identifier: MIT
package io.goinfer.proxy.model.process;

import io.goinfer.proxy.machine.Tool;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * This machine's: nvidia-smi, else what the amdgpu driver says in sysfs, else rocm-smi, else /proc/meminfo. Which one it is, is found out once. Blocking.
 */
public final class MachineMemory implements MemoryReadings {
    private static final Logger LOG = LoggerFactory.getLogger(MachineMemory.class);
    private static final int MIB = 20;
    private static final Path CARDS = Path.of("/sys/class/drm");
    private static final Path MEMINFO = Path.of("/proc/meminfo");

    private enum Source {
        NVIDIA,
        AMD_SYSFS,
        ROCM,
        MACHINE
    }

    private Source source = Source.MACHINE;
    private boolean known;

    private synchronized Source source() {
        if (!known) {
            known = true;
            source = sum(nvidia("memory.total")) > 0
                    ? Source.NVIDIA
                    : sysfs("mem_info_vram_total") > 0
                            ? Source.AMD_SYSFS
                            : rocm("Total Memory") > 0 ? Source.ROCM : Source.MACHINE;
            LOG.debug("memory readings: {}", source);
        }
        return source;
    }

    @Override
    public long totalBytes() {
        return switch (source()) {
            case NVIDIA -> sum(nvidia("memory.total")) << MIB;
            case AMD_SYSFS -> sysfs("mem_info_vram_total");
            case ROCM -> rocm("Total Memory");
            // The system needs some of it.
            case MACHINE -> meminfo("MemTotal:") / 10 * 8;
        };
    }

    @Override
    public long freeBytes() {
        return switch (source()) {
            case NVIDIA -> sum(nvidia("memory.free")) << MIB;
            case AMD_SYSFS -> sysfs("mem_info_vram_total") - sysfs("mem_info_vram_used");
            case ROCM -> rocm("Total Memory") - rocm("Total Used Memory");
            case MACHINE -> meminfo("MemAvailable:");
        };
    }

    @Override
    public long usedBy(long pid) {
        if (source() == Source.NVIDIA) {
            String text = Tool.run(
                    List.of("nvidia-smi", "--query-compute-apps=pid,used_memory", "--format=csv,noheader,nounits"));
            return text.lines()
                            .map(line -> line.split("\\s*,\\s*"))
                            .filter(cells -> cells.length == 2
                                    && cells[0].strip().equals(Long.toString(pid))
                                    && cells[1].strip().matches("\\d{1,9}"))
                            .mapToLong(cells -> Long.parseLong(cells[1].strip()))
                            .sum()
                    << MIB;
        }
        return source() == Source.MACHINE ? resident(pid) : 0;
    }

    private static String nvidia(String what) {
        return Tool.run(List.of("nvidia-smi", "--query-gpu=" + what, "--format=csv,noheader,nounits"));
    }

    /** Lines that are numbers, added. */
    static long sum(String lines) {
        return lines.lines()
                .filter(line -> line.strip().matches("\\d{1,15}"))
                .mapToLong(line -> Long.parseLong(line.strip()))
                .sum();
    }

    private static long sysfs(String file) {
        long all = 0;
        if (Files.isDirectory(CARDS)) {
            try (DirectoryStream<Path> cards = Files.newDirectoryStream(CARDS, "card[0-9]*")) {
                for (Path card : cards) {
                    Path value = card.resolve("device").resolve(file);
                    all += Files.isReadable(value) ? sum(Files.readString(value)) : 0;
                }
            } catch (IOException e) {
                LOG.debug("no GPU memory in sysfs", e);
            }
        }
        return all;
    }

    /** The column of {@code rocm-smi --showmeminfo vram --csv} that ends so, added over all cards. */
    private static long rocm(String column) {
        return rocm(Tool.run(List.of("rocm-smi", "--showmeminfo", "vram", "--csv")), column);
    }

    static long rocm(String csv, String column) {
        List<String> lines = csv.lines().filter(line -> line.contains(",")).toList();
        if (lines.isEmpty()) {
            return 0;
        }
        List<String> names = List.of(lines.get(0).split(","));
        int index = -1;
        for (int i = 0; i < names.size(); i++) {
            String plain = names.get(i).replace("(B)", "").strip();
            index = plain.endsWith(column) ? i : index;
        }
        long all = 0;
        for (String line : lines.subList(1, lines.size())) {
            String[] cells = line.split(",");
            all += index >= 0 && index < cells.length ? sum(cells[index]) : 0;
        }
        return all;
    }

    private static long meminfo(String name) {
        try {
            for (String line : Files.readAllLines(MEMINFO)) {
                if (line.startsWith(name)) {
                    return Long.parseLong(line.replaceAll("\\D", "")) << 10;
                }
            }
        } catch (IOException | NumberFormatException e) {
            LOG.debug("memory of this machine is unknown", e);
        }
        return 0;
    }

    private static long resident(long pid) {
        try {
            for (String line : Files.readAllLines(Path.of("/proc", Long.toString(pid), "status"))) {
                if (line.startsWith("VmRSS:")) {
                    return Long.parseLong(line.replaceAll("\\D", "")) << 10;
                }
            }
        } catch (IOException | NumberFormatException e) {
            return 0;
        }
        return 0;
    }
}
