// SPDX-License-Identifier: MIT
package io.goinfer.proxy.config.swap;

import io.goinfer.proxy.config.ConfigProblem;
import java.util.ArrayList;
import java.util.List;

/** What is wrong, or odd, in the files that are being read. */
final class SwapProblems {
    private final String source;
    private final List<ConfigProblem> all = new ArrayList<>();

    SwapProblems(String source) {
        this.source = source;
    }

    void add(ConfigProblem problem) {
        all.add(problem);
    }

    void fatal(int line, String key, String message) {
        all.add(new ConfigProblem(source, line, key, message, true));
    }

    boolean fatal() {
        return all.stream().anyMatch(ConfigProblem::fatal);
    }

    List<ConfigProblem> all() {
        return List.copyOf(all);
    }
}
