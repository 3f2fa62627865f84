// SPDX-License-Identifier: MIT
package io.goinfer.launcher;

import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** {@code goinfer nodes list|revoke|rename}. */
@Command(
        name = "nodes",
        description = "The nodes of this relay.",
        mixinStandardHelpOptions = true,
        subcommands = CommandLine.HelpCommand.class,
        footer = {
            "",
            "Examples:",
            "  goinfer nodes list",
            "  goinfer nodes rename gpu attic",
            "  goinfer nodes revoke attic"
        })
final class NodesCommand {
    @CommandLine.Spec
    private CommandLine.Model.@Nullable CommandSpec spec;

    @Command(description = "Show nodes, connected or not.", mixinStandardHelpOptions = true)
    int list(@Mixin StateCommands state) throws Exception {
        StateCommands.print(state.run("nodes list", Map.of()), Terminal.out(spec));
        return 0;
    }

    @Command(
            description = "End a node's session now and refuse its certificate from now on.",
            mixinStandardHelpOptions = true)
    int revoke(@Mixin StateCommands state, @Parameters(paramLabel = "NODE") String node) throws Exception {
        state.run("nodes revoke", Map.of("node", node));
        Terminal.out(spec).println("revoked");
        return 0;
    }

    @Command(description = "Give a node another name.", mixinStandardHelpOptions = true)
    int rename(
            @Mixin StateCommands state,
            @Parameters(paramLabel = "NODE") String node,
            @Parameters(paramLabel = "NAME") String name)
            throws Exception {
        state.run("nodes rename", Map.of("node", node, "name", name));
        Terminal.out(spec).println("renamed");
        return 0;
    }
}
