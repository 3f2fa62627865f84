// SPDX-License-Identifier: MIT
package io.goinfer.proxy.machine;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A program that answers at once, such as nvidia-smi. */
public final class Tool {
    private static final Logger LOG = LoggerFactory.getLogger(Tool.class);
    private static final long SECONDS = 5;

    private Tool() {}

    /** What it prints; "" if it is not there, fails or hangs. Blocking. */
    public static String run(List<String> command) {
        try {
            Process process =
                    new ProcessBuilder(command).redirectErrorStream(true).start();
            process.getOutputStream().close();
            if (!process.waitFor(SECONDS, TimeUnit.SECONDS)) {
                process.destroyForcibly();
                return "";
            }
            String text = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            return process.exitValue() == 0 ? text : "";
        } catch (IOException e) {
            LOG.trace("{} is not here", command.get(0));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        return "";
    }
}
