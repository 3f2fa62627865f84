// SPDX-License-Identifier: MIT
package io.goinfer.launcher;

import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code goinfer token create|list|revoke}. */
@Command(
        name = "token",
        description = "Join tokens: what enrols a node, once.",
        mixinStandardHelpOptions = true,
        subcommands = CommandLine.HelpCommand.class,
        footer = {
            "",
            "Examples:",
            "  goinfer token create > token.txt        then on the node: goinfer connect URL --token-file token.txt",
            "  goinfer token create --ttl 600",
            "  goinfer token revoke 0123456789abcdef"
        })
final class TokenCommand {
    @CommandLine.Spec
    private CommandLine.Model.@Nullable CommandSpec spec;

    @Command(
            description = "Make a join token; it alone is printed on standard output.",
            mixinStandardHelpOptions = true)
    int create(
            @Mixin StateCommands state,
            @Option(
                            names = "--ttl",
                            paramLabel = "SECONDS",
                            defaultValue = "3600",
                            description = "lifetime (default: 3600)")
                    String seconds)
            throws Exception {
        Terminal.out(spec)
                .println(state.run("token create", Map.of("seconds", seconds))
                        .get(0)
                        .get("token"));
        return 0;
    }

    @Command(description = "Show join tokens, used and unused.", mixinStandardHelpOptions = true)
    int list(@Mixin StateCommands state) throws Exception {
        StateCommands.print(state.run("token list", Map.of()), Terminal.out(spec));
        return 0;
    }

    @Command(description = "Make a join token worthless.", mixinStandardHelpOptions = true)
    int revoke(@Mixin StateCommands state, @Parameters(paramLabel = "ID") String id) throws Exception {
        state.run("token revoke", Map.of("id", id));
        Terminal.out(spec).println("revoked");
        return 0;
    }
}
