// SPDX-License-Identifier: MIT
package io.goinfer.proxy.model.process;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Memory that models may fill together: of the NVIDIA GPUs if there are any, else 80 % of the machine's. Blocking. */
public final class DeviceMemory {
    private static final Logger LOG = LoggerFactory.getLogger(DeviceMemory.class);
    private static final long SMI_SECONDS = 5;
    private static final Path MEMINFO = Path.of("/proc/meminfo");

    private DeviceMemory() {}

    /** 0 = unknown. */
    public static long bytes() {
        long gpu = nvidia();
        return gpu > 0 ? gpu : machine() / 10 * 8;
    }

    private static long nvidia() {
        try {
            Process process = new ProcessBuilder(
                            "nvidia-smi", "--query-gpu=memory.total", "--format=csv,noheader,nounits")
                    .redirectErrorStream(true)
                    .start();
            if (!process.waitFor(SMI_SECONDS, TimeUnit.SECONDS)) {
                process.destroyForcibly();
                return 0;
            }
            String text = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            return process.exitValue() == 0
                    ? text.lines()
                                    .filter(line -> line.strip().matches("\\d{1,9}"))
                                    .mapToLong(line -> Long.parseLong(line.strip()))
                                    .sum()
                            << 20
                    : 0;
        } catch (IOException e) {
            LOG.debug("no nvidia-smi: {}", e.getMessage());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        return 0;
    }

    private static long machine() {
        try {
            for (String line : Files.readAllLines(MEMINFO)) {
                if (line.startsWith("MemTotal:")) {
                    return Long.parseLong(line.replaceAll("\\D", "")) << 10;
                }
            }
        } catch (IOException | NumberFormatException e) {
            LOG.debug("memory of this machine is unknown", e);
        }
        return 0;
    }
}
