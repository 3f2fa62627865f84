// SPDX-License-Identifier: MIT
package io.goinfer.launcher;

import io.goinfer.proxy.config.ConfigException;
import io.goinfer.proxy.config.ConfigLoader;
import io.goinfer.proxy.config.GoinferConfig;
import io.goinfer.proxy.config.Listen;
import io.goinfer.proxy.config.Service;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code goinfer config show|check}. */
@Command(
        name = "config",
        description = "Look at the configuration.",
        mixinStandardHelpOptions = true,
        subcommands = CommandLine.HelpCommand.class,
        footer = {"", "Examples:", "  goinfer config check", "  goinfer config show --config goinfer.yml"})
final class ConfigCommand {
    @CommandLine.Spec
    private CommandLine.Model.@Nullable CommandSpec spec;

    @Command(
            description = "Print every problem with file, line, key and what was expected.",
            mixinStandardHelpOptions = true)
    int check(@Option(names = "--config", paramLabel = "FILE") @Nullable Path file) throws IOException {
        PrintWriter out = Terminal.out(spec);
        Path found = new Folders(System.getenv()).findConfig(file);
        try {
            ConfigLoader.load(found, System.getenv())
                    .warnings()
                    .forEach(warning -> out.println("warning: " + warning.text()));
            out.println((found == null ? "defaults" : found) + ": ok");
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
        GoinferConfig.Limits limits = config.limits();
        out.println("limits: {json_body: " + limits.jsonBodyBytes() + ", body: " + limits.bodyBytes() + ", select: "
                + limits.selectBytes() + ", connections: " + limits.connections() + ", streams: " + limits.streams()
                + ", drain: " + limits.drain().toSeconds() + "s}");
        return 0;
    }
}
