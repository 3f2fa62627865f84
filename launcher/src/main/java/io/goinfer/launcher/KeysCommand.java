// SPDX-License-Identifier: MIT
package io.goinfer.launcher;

import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code goinfer keys create|list|revoke}. */
@Command(
        name = "keys",
        description = "API keys of clients.",
        mixinStandardHelpOptions = true,
        subcommands = CommandLine.HelpCommand.class,
        footer = {
            "",
            "Examples:",
            "  goinfer keys create --name phone",
            "  goinfer keys create --name me --role admin",
            "  goinfer keys revoke phone"
        })
final class KeysCommand {
    @CommandLine.Spec
    private CommandLine.Model.@Nullable CommandSpec spec;

    @Command(
            description = "Make an API key; it alone is printed on standard output, once.",
            mixinStandardHelpOptions = true)
    int create(
            @Mixin StateCommands state,
            @Option(names = "--name", defaultValue = "key", description = "what lists and logs call it") String name,
            @Option(names = "--role", defaultValue = "user", description = "user (default), admin or metrics")
                    String role)
            throws Exception {
        Terminal.out(spec)
                .println(state.run("keys create", Map.of("name", name, "role", role))
                        .get(0)
                        .get("key"));
        return 0;
    }

    @Command(description = "Show API keys, without the keys.", mixinStandardHelpOptions = true)
    int list(@Mixin StateCommands state) throws Exception {
        StateCommands.print(state.run("keys list", Map.of()), Terminal.out(spec));
        return 0;
    }

    @Command(description = "Make an API key worthless.", mixinStandardHelpOptions = true)
    int revoke(@Mixin StateCommands state, @Parameters(paramLabel = "ID-OR-NAME") String id) throws Exception {
        state.run("keys revoke", Map.of("id", id));
        Terminal.out(spec).println("revoked");
        return 0;
    }
}
