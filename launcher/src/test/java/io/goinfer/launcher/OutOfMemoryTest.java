// SPDX-License-Identifier: MIT
package io.goinfer.launcher;

import static io.goinfer.tunnel.testing.Eventually.eventually;
import static org.assertj.core.api.Assertions.assertThat;

import io.goinfer.proxy.model.process.LogRing;
import io.goinfer.proxy.model.process.ModelProcess;
import io.goinfer.proxy.net.ByteBudget;
import io.goinfer.proxy.net.EventLoops;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** A process without memory ends, so that its supervisor starts it again, and what it ran ends with it. */
@DisabledOnOs(OS.WINDOWS)
class OutOfMemoryTest {
    private static final int JAVA_EXIT = 3;

    @TempDir
    Path folder;

    /** The program that runs out of memory, on an event loop: Netty would catch the error and go on. */
    static final class Hungry {
        private Hungry() {}

        public static void main(String[] arguments) throws Exception {
            EventLoops loops = new EventLoops("hungry", 1);
            ModelProcess.start(List.of("sleep", "1000"), List.of(), new LogRing(new ByteBudget()), code -> {})
                    .whenPidKnown(pid -> {
                        System.out.println("model " + pid);
                        loops.next().execute(() -> {
                            List<byte[]> all = new ArrayList<>();
                            while (all.size() < Integer.MAX_VALUE) {
                                all.add(new byte[1 << 20]);
                            }
                        });
                    });
            Thread.sleep(TimeUnit.MINUTES.toMillis(5));
        }
    }

    /** What {@code ./goinfer} gives Java. */
    private static List<String> options() throws Exception {
        List<String> options = new ArrayList<>();
        for (String line : Files.readAllLines(Path.of("../goinfer"))) {
            if (line.startsWith("heap=(") || line.startsWith("options=(")) {
                Matcher option = Pattern.compile("-XX:[^ )]+").matcher(line);
                while (option.find()) {
                    options.add(option.group());
                }
            }
        }
        return options;
    }

    @Test
    void theProgramEndsAndItsModelsWithIt() throws Exception {
        List<String> command = new ArrayList<>();
        command.add(ProcessHandle.current().info().command().orElse("java"));
        command.addAll(options());
        command.addAll(List.of("-Xmx32m", "-cp", System.getProperty("java.class.path"), Hungry.class.getName()));
        try (Processes processes = new Processes(folder)) {
            Process hungry = processes.start("hungry.log", command);
            assertThat(hungry.waitFor(60, TimeUnit.SECONDS)).as("it ends").isTrue();
            assertThat(hungry.exitValue()).isEqualTo(JAVA_EXIT);

            Matcher model = Pattern.compile("model (\\d+)").matcher(processes.log("hungry.log"));
            assertThat(model.find()).isTrue();
            long pid = Long.parseLong(model.group(1));
            eventually("its model has ended", () -> ProcessHandle.of(pid).isEmpty());
        }
    }
}
