// SPDX-License-Identifier: MIT
package io.goinfer.proxy.config;

import java.util.List;
import java.util.stream.Collectors;

/** A configuration cannot be used: all problems at once. */
public final class ConfigException extends Exception {
    private static final long serialVersionUID = 1;
    private final transient List<ConfigProblem> problems;

    public ConfigException(List<ConfigProblem> problems) {
        super(problems.stream().map(ConfigProblem::text).collect(Collectors.joining("\n")));
        this.problems = List.copyOf(problems);
    }

    public List<ConfigProblem> problems() {
        return problems;
    }
}
