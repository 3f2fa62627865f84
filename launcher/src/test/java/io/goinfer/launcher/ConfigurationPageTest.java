// SPDX-License-Identifier: MIT
package io.goinfer.launcher;

import static org.assertj.core.api.Assertions.assertThat;

import io.goinfer.proxy.config.ConfigLoader;
import io.goinfer.proxy.config.ConfigProblem;
import io.goinfer.proxy.config.swap.SwapLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The examples of docs/configuration.md: they load without a word. */
class ConfigurationPageTest {
    private static final Pattern EXAMPLE = Pattern.compile("```yaml (goinfer|llama-swap)\\n(.*?)```", Pattern.DOTALL);

    @TempDir
    Path folder;

    @Test
    void everyExampleLoads() throws Exception {
        Matcher matcher = EXAMPLE.matcher(Files.readString(Path.of("../docs/configuration.md")));
        int count = 0;
        while (matcher.find()) {
            Path file = Files.writeString(folder.resolve("example-" + count++ + ".yml"), matcher.group(2));
            List<ConfigProblem> warnings = matcher.group(1).equals("goinfer")
                    ? ConfigLoader.load(file, Map.of()).warnings()
                    : SwapLoader.load(file, null, Map.of("HOME", "/home/me")).warnings();
            assertThat(warnings).as(matcher.group(2)).isEmpty();
        }
        assertThat(count).isGreaterThanOrEqualTo(6);
    }
}
