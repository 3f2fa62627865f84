// SPDX-License-Identifier: MIT
package io.goinfer.launcher;

import io.goinfer.proxy.config.ConfigException;
import io.goinfer.proxy.config.ConfigLoader;
import io.goinfer.proxy.config.GoinferConfig;
import io.goinfer.proxy.config.Listen;
import io.goinfer.proxy.config.Service;
import io.goinfer.proxy.config.swap.SwapLoader;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
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
            description = "Print every problem with file, line, key and what was expected.",
            mixinStandardHelpOptions = true)
    int check(@Option(names = "--config", paramLabel = "FILE") @Nullable Path file) throws IOException {
        PrintWriter out = Terminal.out(spec);
        Folders folders = new Folders(System.getenv());
        Path found = folders.findConfig(file);
        Path swap = folders.findSwapConfig(null, found);
        try {
            ConfigLoader.load(found, System.getenv())
                    .warnings()
                    .forEach(warning -> out.println("warning: " + warning.text()));
            out.println((found == null ? "defaults" : found) + ": ok");
            if (swap != null) {
                SwapLoader.load(swap, null, System.getenv())
                        .warnings()
                        .forEach(warning -> out.println("warning: " + warning.text()));
                out.println(swap + ": ok");
            }
            return 0;
        } catch (ConfigException e) {
            e.problems().forEach(problem -> out.println((problem.fatal() ? "error: " : "warning: ") + problem.text()));
            return 1;
        }
    }

    @Command(description = "Print the effective configuration, without secrets.", mixinStandardHelpOptions = true)
    int show(@Option(names = "--config", paramLabel = "FILE") @Nullable Path file) throws IOException, ConfigException {
        PrintWriter out = Terminal.out(spec);
        GoinferConfig config = ConfigLoader.load(new Folders(System.getenv()).findConfig(file), System.getenv())
                .config();
        out.println("server:");
        out.println("  listen:" + (config.server().listen().isEmpty() ? " {}" : ""));
        for (Listen listen : config.server().listen()) {
            out.println("    \"" + listen + "\": {services: ["
                    + listen.services().stream().sorted().map(Service::word).collect(Collectors.joining(", "))
                    + "], tls: "
                    + listen.usesTls() + "}");
        }
        out.println("  api_key: {"
                + config.server().apiKeys().keySet().stream()
                        .sorted()
                        .map(role -> role + ": (hidden)")
                        .collect(Collectors.joining(", "))
                + "}");
        out.println("  origins: " + config.server().origins());
        out.println("  public_url: " + config.server().publicUrl());
        out.println("tls: {certificate: " + config.tls().certificate() + ", key: "
                + (config.tls().key() == null ? "null" : config.tls().key()) + "}");
        out.println("node:");
        out.println("  name: " + config.node().name());
        out.println("  relays: " + config.node().relays());
        out.println("  backends: ["
                + config.node().backends().stream()
                        .map(backend -> "{name: " + backend.name() + ", url: " + backend.url() + "}")
                        .collect(Collectors.joining(", "))
                + "]");
        GoinferConfig.ModelsConfig models = config.models();
        out.println("models_dir: " + models.folders());
        out.println("llama: {exe: " + models.llamaExe() + ", args: {common: " + String.join(" ", models.commonArgs())
                + "}}");
        GoinferConfig.Limits limits = config.limits();
        out.println("limits: {json_body: " + limits.jsonBodyBytes() + ", body: " + limits.bodyBytes() + ", select: "
                + limits.selectBytes() + ", connections: " + limits.connections() + ", streams: " + limits.streams()
                + ", drain: " + limits.drain().toSeconds() + "s, early_head: "
                + limits.earlyHead().toSeconds() + "s}");
        return 0;
    }
}
