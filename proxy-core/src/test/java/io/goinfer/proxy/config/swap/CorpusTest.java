// SPDX-License-Identifier: MIT
package io.goinfer.proxy.config.swap;

import static org.assertj.core.api.Assertions.assertThat;

import io.goinfer.proxy.config.ConfigException;
import io.goinfer.proxy.config.ConfigProblem;
import io.goinfer.proxy.config.Effective;
import io.goinfer.proxy.json.JsonTree;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/**
 * Configurations with what llama-swap makes of them, written by hand from its reference. A case is {@code ### name}, YAML (further files behind
 * {@code +++ file}), then what is expected: {@code = path = JSON} of the effective configuration, {@code ! text} of a refusal, {@code ? text} of a warning,
 * {@code - } for no warning.
 */
class CorpusTest {
    private static final List<String> FILES = List.of("macros", "models", "routing", "names", "settings", "merge");
    private static final int LEAST = 150;
    private static final Map<String, String> ENVIRONMENT = Map.of(
            "KEY", "x", "EMPTY", "", "LINES", "a\nb", "QUOTED", "a\"b", "SLASH", "c:\\d", "PORTS", "7000", "LIST",
            "a,b");

    private record Case(String name, Map<String, String> files, List<String> expected) {}

    private static List<Case> cases() throws IOException {
        List<Case> cases = new ArrayList<>();
        for (String file : FILES) {
            try (var in = CorpusTest.class.getResourceAsStream("/llama-swap/" + file + ".txt")) {
                String text = new String(in.readAllBytes(), StandardCharsets.UTF_8);
                for (String one : text.split("(?m)^### ")) {
                    if (!one.isBlank()) {
                        cases.add(read(file, one));
                    }
                }
            }
        }
        return cases;
    }

    private static Case read(String file, String text) {
        Map<String, String> files = new LinkedHashMap<>();
        List<String> expected = new ArrayList<>();
        String[] lines = text.split("\n");
        String current = "a.yml";
        StringBuilder yaml = new StringBuilder();
        for (int i = 1; i < lines.length; i++) {
            if (lines[i].matches("[=!?-] ?.*") && !lines[i].startsWith("- {") && !lines[i].startsWith("---")) {
                expected.add(lines[i]);
            } else if (lines[i].startsWith("+++ ")) {
                files.put(current, yaml.toString());
                yaml.setLength(0);
                current = lines[i].substring(4).strip();
            } else {
                yaml.append(lines[i]).append('\n');
            }
        }
        files.put(current, yaml.toString());
        return new Case(file + ": " + lines[0].strip(), files, expected);
    }

    @Test
    void thereAreMany() throws IOException {
        assertThat(cases()).hasSizeGreaterThanOrEqualTo(LEAST);
        assertThat(cases()).extracting(Case::name).doesNotHaveDuplicates();
        assertThat(cases())
                .allSatisfy(one -> assertThat(one.expected()).as(one.name()).isNotEmpty());
    }

    @TestFactory
    Stream<DynamicTest> eachIsReadAsLlamaSwapReadsIt() throws IOException {
        return cases().stream().map(one -> DynamicTest.dynamicTest(one.name(), () -> check(one)));
    }

    private static void check(Case one) throws IOException {
        List<String> warnings;
        Object effective = null;
        List<String> refusals = List.of();
        try {
            SwapLoader.Loaded loaded = SwapLoader.parse(one.files(), ENVIRONMENT);
            effective = JsonTree.read(JsonTree.write(Effective.of(loaded.config())));
            warnings = loaded.warnings().stream().map(ConfigProblem::text).toList();
        } catch (ConfigException e) {
            refusals = e.problems().stream()
                    .filter(ConfigProblem::fatal)
                    .map(ConfigProblem::text)
                    .toList();
            warnings = e.problems().stream()
                    .filter(problem -> !problem.fatal())
                    .map(ConfigProblem::text)
                    .toList();
        }
        for (String line : one.expected()) {
            String rest = line.substring(1).strip();
            switch (line.charAt(0)) {
                case '!' -> assertThat(refusals).as("refusals").anyMatch(text -> text.contains(rest));
                case '?' -> assertThat(warnings).as("warnings").anyMatch(text -> text.contains(rest));
                case '-' -> assertThat(warnings).as("warnings").isEmpty();
                default -> {
                    int equals = rest.indexOf(" = ");
                    assertThat(refusals).as("refusals").isEmpty();
                    Object found = at(effective, rest.substring(0, equals));
                    assertThat(JsonTree.write(found))
                            .as(rest.substring(0, equals))
                            .isEqualTo(JsonTree.write(JsonTree.read(rest.substring(equals + 3))));
                }
            }
        }
        boolean refusalExpected = one.expected().stream().anyMatch(line -> line.startsWith("!"));
        assertThat(refusals.isEmpty()).as("accepted; it says " + refusals).isEqualTo(!refusalExpected);
    }

    /** Names are separated by {@code /} here, since ids hold dots. */
    private static Object at(Object tree, String path) {
        Object now = tree;
        for (String step : path.split(" ")) {
            assertThat(JsonTree.map(now)).as("members on the way to " + path).containsKey(step);
            now = JsonTree.map(now).get(step);
        }
        return now;
    }
}
