// SPDX-License-Identifier: MIT
package io.goinfer.launcher;

import io.goinfer.proxy.config.ConfigException;
import io.goinfer.proxy.config.ConfigLoader;
import io.goinfer.proxy.config.ConfigProblem;
import io.goinfer.proxy.config.Effective;
import io.goinfer.proxy.config.GoinferConfig;
import io.goinfer.proxy.config.swap.SwapConfig;
import io.goinfer.proxy.config.swap.SwapLoader;
import io.goinfer.proxy.json.JsonTree;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code goinfer config generate|show|check}. */
@Command(
        name = "config",
        description = "Write, check and show the configuration.",
        mixinStandardHelpOptions = true,
        subcommands = CommandLine.HelpCommand.class,
        footer = {
            "",
            "Examples:",
            "  goinfer config generate",
            "  goinfer config check",
            "  goinfer config show --config goinfer.yml"
        })
final class ConfigCommand {
    @CommandLine.Spec
    private CommandLine.Model.@Nullable CommandSpec spec;

    @Command(
            description =
                    "Write goinfer.yml, or with --swap llama-swap.yml for the models in models_dir, into the current folder; an existing file is kept as .backup.",
            mixinStandardHelpOptions = true)
    int generate(
            @Option(names = "--swap", description = "llama-swap.yml instead of goinfer.yml") boolean swap,
            @Option(names = "--force", description = "replace a llama-swap.yml that was changed by hand") boolean force,
            @Option(
                            names = {"--no-api-key", "-no-api-key"},
                            description = "placeholders instead of keys")
                    boolean noApiKey,
            @Option(
                            names = {"--debug", "-debug"},
                            description = "the well-known debug key; loopback only")
                    boolean debug)
            throws IOException, ConfigException {
        GenerateConfig generator = new GenerateConfig(Path.of("").toAbsolutePath(), System.getenv());
        Path file = swap
                ? generator.swap(
                        ConfigLoader.load(new Folders(System.getenv()).findConfig(null), System.getenv())
                                .config(),
                        force,
                        debug ? "debug" : "info")
                : generator.main(noApiKey, debug);
        Terminal.out(spec).println("written: " + file);
        return 0;
    }

    @Command(
            description =
                    "Print every problem of goinfer.yml and llama-swap.yml with file, line, key and what was expected.",
            mixinStandardHelpOptions = true)
    int check(@Mixin Files files) throws IOException {
        PrintWriter out = Terminal.out(spec);
        int result = 0;
        Path file = files.goinfer();
        Path swap = files.swap();
        result |= checked(
                out,
                file == null ? "defaults" : file.toString(),
                () -> ConfigLoader.load(file, System.getenv()).warnings());
        if (swap != null || files.swapConfigDir != null) {
            result |= checked(
                    out,
                    swap == null ? String.valueOf(files.swapConfigDir) : swap.toString(),
                    () -> SwapLoader.load(swap, files.swapConfigDir, System.getenv())
                            .warnings());
        }
        return result;
    }

    private interface Load {
        List<ConfigProblem> warnings() throws IOException, ConfigException;
    }

    private static int checked(PrintWriter out, String what, Load load) throws IOException {
        try {
            load.warnings().forEach(warning -> out.println("warning: " + Printable.text(warning.text())));
            out.println(what + ": ok");
            return 0;
        } catch (ConfigException e) {
            e.problems()
                    .forEach(problem ->
                            out.println((problem.fatal() ? "error: " : "warning: ") + Printable.text(problem.text())));
            return 1;
        }
    }

    @Command(description = "Print the effective configuration, without secrets.", mixinStandardHelpOptions = true)
    int show(
            @Mixin Files files,
            @Option(names = "--format", defaultValue = "yaml", description = "yaml (default) or json") String format)
            throws IOException, ConfigException {
        if (!format.equals("yaml") && !format.equals("json")) {
            throw new IllegalArgumentException("--format " + format + " (expected: yaml or json)");
        }
        GoinferConfig config =
                ConfigLoader.load(files.goinfer(), System.getenv()).config();
        Path swap = files.swap();
        if (swap != null || files.swapConfigDir != null) {
            GoinferConfig.ModelsConfig models = config.models();
            SwapConfig loaded =
                    SwapLoader.load(swap, files.swapConfigDir, System.getenv()).config();
            config = config.with(models.with(loaded.and(models.swap())));
        }
        Terminal.out(spec)
                .println(format.equals("json") ? JsonTree.write(Effective.of(config)) : Effective.yaml(config));
        return 0;
    }

    /** Which files are meant. */
    static final class Files {
        @Option(names = "--config", paramLabel = "FILE", description = "goinfer.yml")
        @Nullable
        Path config;

        @Option(names = "--swap-config", paramLabel = "FILE", description = "llama-swap.yml")
        @Nullable
        Path swapConfig;

        @Option(names = "--swap-config-dir", paramLabel = "DIR", description = "a folder of more llama-swap files")
        @Nullable
        Path swapConfigDir;

        private final Folders folders = new Folders(System.getenv());

        @Nullable
        Path goinfer() {
            return folders.findConfig(config);
        }

        @Nullable
        Path swap() {
            return swapConfig == null && swapConfigDir != null ? null : folders.findSwapConfig(swapConfig, goinfer());
        }
    }
}
