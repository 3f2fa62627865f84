// SPDX-License-Identifier: MIT
package io.goinfer.proxy.machine;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class GpuTest {
    @Test
    void nvidiaSmiIsRead() {
        List<Gpu> gpus = Gpu.nvidia("""
                0, NVIDIA GeForce RTX 3090, GPU-1c5d, 570.86.10, 51, 37, 12, 8123, 24576, 42, 188.37, 350.00
                1, NVIDIA H200, GPU-77aa, 570.86.10, 33, 0, 0, 1, 143771, [N/A], [N/A], 700.00
                """);
        assertThat(gpus)
                .containsExactly(
                        new Gpu(
                                0,
                                "nvidia",
                                "NVIDIA GeForce RTX 3090",
                                "GPU-1c5d",
                                "570.86.10",
                                51.0,
                                37.0,
                                12.0,
                                8123L << 20,
                                24576L << 20,
                                42.0,
                                188.37,
                                350.0),
                        new Gpu(
                                1,
                                "nvidia",
                                "NVIDIA H200",
                                "GPU-77aa",
                                "570.86.10",
                                33.0,
                                0.0,
                                0.0,
                                1L << 20,
                                143771L << 20,
                                null,
                                null,
                                700.0));
    }

    @Test
    void whatIsNoRowIsNoGpu() {
        assertThat(Gpu.nvidia("")).isEmpty();
        assertThat(Gpu.nvidia("NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver"))
                .isEmpty();
    }

    @Test
    void theAmdDriversFilesAreRead(@TempDir Path cards) throws IOException {
        Path device = Files.createDirectories(cards.resolve("card1/device"));
        Path sensors = Files.createDirectories(device.resolve("hwmon/hwmon4"));
        Files.createDirectories(cards.resolve("card1-HDMI-A-1"));
        Files.writeString(device.resolve("mem_info_vram_total"), "17163091968\n");
        Files.writeString(device.resolve("mem_info_vram_used"), "1048576\n");
        Files.writeString(device.resolve("gpu_busy_percent"), "99\n");
        Files.writeString(sensors.resolve("temp1_input"), "61000\n");
        Files.writeString(sensors.resolve("power1_average"), "203500000\n");

        assertThat(Gpu.amd(cards))
                .containsExactly(new Gpu(
                        1, "amd", "AMD GPU", null, null, 61.0, 99.0, null, 1048576L, 17163091968L, null, 203.5, null));
        assertThat(Gpu.amd(cards.resolve("none"))).isEmpty();
    }
}
