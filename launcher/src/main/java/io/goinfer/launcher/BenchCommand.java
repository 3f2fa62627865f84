// SPDX-License-Identifier: MIT
package io.goinfer.launcher;

import java.util.concurrent.Callable;
import picocli.CommandLine.Command;

/** {@code goinfer bench}. */
@Command(name = "bench", description = "Measure.", mixinStandardHelpOptions = true)
final class BenchCommand implements Callable<Integer> {
    @Override
    public Integer call() {
        return 0;
    }
}
