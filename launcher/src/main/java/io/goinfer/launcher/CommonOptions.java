// SPDX-License-Identifier: MIT
package io.goinfer.launcher;

import io.goinfer.proxy.config.BackendConfig;
import io.goinfer.proxy.config.ConfigException;
import io.goinfer.proxy.config.ConfigLoader;
import io.goinfer.proxy.config.ConfigProblem;
import io.goinfer.proxy.config.GoinferConfig;
import io.goinfer.proxy.config.swap.SwapLoader;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine.Option;

/** What {@code serve} and {@code connect} share. */
final class CommonOptions {
    private static final Logger LOG = LoggerFactory.getLogger("goinfer");

    @Option(
            names = "--config",
            paramLabel = "FILE",
            description = "goinfer.yml (default: ./goinfer.yml, else the user's configuration folder)")
    @Nullable
    Path config;

    @Option(
            names = "--swap-config",
            paramLabel = "FILE",
            description = "llama-swap.yml (default: the one beside goinfer.yml, or ./llama-swap.yml)")
    @Nullable
    Path swapConfig;

    @Option(
            names = "--state-dir",
            paramLabel = "DIR",
            description = "keys, certificates, tokens (GI_STATE_DIR; default: the platform's state folder)")
    @Nullable
    Path stateDir;

    @Option(
            names = "--backend",
            paramLabel = "[NAME=]URL",
            description = "an OpenAI-compatible server that already runs, such as llama-server; may be repeated")
    List<String> backends = new ArrayList<>();

    @Option(
            names = {"-q", "-quiet", "--quiet"},
            description = "warnings and errors only")
    boolean quiet;

    @Option(
            names = {"-v", "--verbose", "-debug", "--debug"},
            description = "debug messages too")
    boolean verbose;

    /** The files that {@link #load} reads now; may be empty. */
    List<Path> files() {
        Path file = folders().findConfig(config);
        Path swap = folders().findSwapConfig(swapConfig, file);
        return Stream.of(file, swap).filter(Objects::nonNull).toList();
    }

    Folders folders() {
        return new Folders(System.getenv());
    }

    Path state() {
        return folders().state(stateDir);
    }

    /** File, environment, then the flags. Warnings go to the log. */
    GoinferConfig load() throws IOException, ConfigException {
        LogSetup.level(quiet, verbose);
        Path file = folders().findConfig(config);
        ConfigLoader.Loaded loaded = ConfigLoader.load(file, System.getenv());
        for (ConfigProblem warning : loaded.warnings()) {
            LOG.warn("{}", warning.text());
        }
        if (file != null) {
            LOG.info("configuration: {}", file);
        }
        GoinferConfig withSwap = withSwap(loaded.config(), file);
        return withBackends(withSwap);
    }

    private GoinferConfig withSwap(GoinferConfig config, @Nullable Path file) throws IOException, ConfigException {
        Path swap = folders().findSwapConfig(swapConfig, file);
        if (swap == null) {
            return config;
        }
        SwapLoader.Loaded loaded = SwapLoader.load(swap, System.getenv());
        for (ConfigProblem warning : loaded.warnings()) {
            LOG.warn("{}", warning.text());
        }
        LOG.info("models: {}", swap);
        GoinferConfig.ModelsConfig models = config.models();
        return config.with(new GoinferConfig.ModelsConfig(
                models.folders(), models.llamaExe(), models.commonArgs(), models.discover(), loaded.config()));
    }

    private GoinferConfig withBackends(GoinferConfig config) {
        List<BackendConfig> all = new ArrayList<>(config.node().backends());
        for (String text : backends) {
            all.add(BackendConfig.parse(text));
        }
        return config.with(
                new GoinferConfig.NodeConfig(config.node().name(), config.node().relays(), all));
    }
}
