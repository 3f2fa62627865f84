// SPDX-License-Identifier: MIT
package io.goinfer.launcher;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Where configuration and state live on this platform. */
final class Folders {
    private final Map<String, String> environment;
    private final String os = System.getProperty("os.name").toLowerCase(Locale.ROOT);
    private final Path home = Path.of(System.getProperty("user.home"));
    private final boolean root = System.getProperty("user.name").equals("root");

    Folders(Map<String, String> environment) {
        this.environment = environment;
    }

    Path state(@Nullable Path flag) {
        String variable = environment.get("GI_STATE_DIR");
        if (flag != null) {
            return flag;
        }
        if (variable != null && !variable.isBlank()) {
            return Path.of(variable);
        }
        if (os.contains("mac")) {
            return home.resolve("Library/Application Support/goinfer");
        }
        if (os.contains("win")) {
            return Path.of(environment.getOrDefault("LOCALAPPDATA", home.toString()), "goinfer");
        }
        String xdg = environment.get("XDG_STATE_HOME");
        if (xdg != null && !xdg.isBlank()) {
            return Path.of(xdg, "goinfer");
        }
        return root ? Path.of("/var/lib/goinfer") : home.resolve(".local/state/goinfer");
    }

    /** The configuration that a first start writes. */
    Path config() {
        if (os.contains("mac")) {
            return home.resolve("Library/Application Support/goinfer/goinfer.yml");
        }
        if (os.contains("win")) {
            return Path.of(environment.getOrDefault("APPDATA", home.toString()), "goinfer", "goinfer.yml");
        }
        String xdg = environment.get("XDG_CONFIG_HOME");
        if (xdg != null && !xdg.isBlank()) {
            return Path.of(xdg, "goinfer", "goinfer.yml");
        }
        return root ? Path.of("/etc/goinfer/goinfer.yml") : home.resolve(".config/goinfer/goinfer.yml");
    }

    /** The configuration to use: the flag, ./goinfer.yml, the usual place; null if there is none. */
    @Nullable
    Path findConfig(@Nullable Path flag) {
        if (flag != null) {
            return flag;
        }
        return List.of(Path.of("goinfer.yml"), config()).stream()
                .filter(Files::exists)
                .findFirst()
                .orElse(null);
    }

    /** llama-swap.yml: the flag, beside the configuration, in the current folder; null if there is none. */
    @Nullable
    Path findSwapConfig(@Nullable Path flag, @Nullable Path config) {
        if (flag != null) {
            return flag;
        }
        Path beside = (config == null ? config() : config.toAbsolutePath()).resolveSibling("llama-swap.yml");
        return List.of(beside, Path.of("llama-swap.yml")).stream()
                .filter(Files::exists)
                .findFirst()
                .orElse(null);
    }
}
