// SPDX-License-Identifier: MIT
package io.goinfer.launcher;

import io.goinfer.proxy.config.BackendConfig;
import io.goinfer.proxy.config.ConfigException;
import io.goinfer.proxy.config.ConfigLoader;
import io.goinfer.proxy.config.ConfigProblem;
import io.goinfer.proxy.config.GoinferConfig;
import io.goinfer.proxy.config.swap.SwapConfig;
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
            names = "--swap-config-dir",
            paramLabel = "DIR",
            description =
                    "more llama-swap configuration: its *.yml and *.yaml files, joined in the order of their names")
    @Nullable
    Path swapConfigDir;

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
        List<Path> all = new ArrayList<>();
        Stream.of(file, swapFile(file)).filter(Objects::nonNull).forEach(all::add);
        Path folder = swapConfigDir;
        if (folder != null) {
            try {
                all.addAll(SwapLoader.files(folder));
            } catch (IOException e) {
                LOG.debug("{} cannot be listed now", folder, e);
            }
        }
        return all;
    }

    /** With a folder of files no other file is looked for. */
    private @Nullable Path swapFile(@Nullable Path config) {
        return swapConfig == null && swapConfigDir != null ? null : folders().findSwapConfig(swapConfig, config);
    }

    Folders folders() {
        return new Folders(System.getenv());
    }

    Path state() {
        return folders().state(stateDir);
    }

    /** File, environment, then the flags. Warnings go to the log. */
    GoinferConfig load() throws IOException, ConfigException {
        return load(false);
    }

    /** @param noApiKey keys are not looked at */
    GoinferConfig load(boolean noApiKey) throws IOException, ConfigException {
        LogSetup.level(quiet, verbose);
        Path file = folders().findConfig(config);
        ConfigLoader.Loaded loaded = ConfigLoader.load(file, System.getenv(), noApiKey);
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
        Path swap = swapFile(file);
        if (swap == null && swapConfigDir == null) {
            return config;
        }
        SwapLoader.Loaded loaded = SwapLoader.load(swap, swapConfigDir, System.getenv());
        for (ConfigProblem warning : loaded.warnings()) {
            LOG.warn("{}", warning.text());
        }
        SwapConfig.Settings settings = loaded.config().settings();
        if (!quiet && !verbose) {
            LogSetup.level(settings.logLevel());
        }
        LogSetup.modelsToStandardOutput();
        LOG.info("models: {}", swap == null ? swapConfigDir : swap);
        GoinferConfig.ModelsConfig models = config.models();
        // What stands in the file counts before GI_EXTRA_MODELS.
        return config.with(models.with(loaded.config().and(models.swap())));
    }

    private GoinferConfig withBackends(GoinferConfig config) {
        List<BackendConfig> all = new ArrayList<>(config.node().backends());
        for (String text : backends) {
            all.add(BackendConfig.parse(text));
        }
        GoinferConfig.NodeConfig node = config.node();
        return config.with(
                new GoinferConfig.NodeConfig(node.name(), node.relays(), node.transport(), node.standby(), all));
    }
}
