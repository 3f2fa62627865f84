// SPDX-License-Identifier: MIT
package io.goinfer.launcher;

import io.goinfer.certs.SharedAuthority;
import io.goinfer.proxy.admin.AdminCommands;
import io.goinfer.proxy.admin.LocalSocket;
import io.goinfer.proxy.net.StateLock;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** {@code goinfer certs}: several relays behind one name. */
@Command(
        name = "certs",
        description =
                "Several relays behind one name: carry certificate authority, nodes and keys from one to another.",
        mixinStandardHelpOptions = true,
        subcommands = CommandLine.HelpCommand.class,
        footer = {
            "",
            "The export holds the authority's private key: keep it as you keep that.",
            "",
            "Examples:",
            "  goinfer certs export > relay.json       on the first relay; it may be running",
            "  goinfer certs import relay.json         on the second, before it is started",
            "  goinfer certs export | ssh second goinfer certs import -",
            "                                          later, when keys or nodes were made or revoked"
        })
final class CertsCommand {
    private static final int MAX_BYTES = 64 << 20;

    @CommandLine.Spec
    private CommandLine.Model.@Nullable CommandSpec spec;

    @Command(description = "Print what the other relays need, on standard output.", mixinStandardHelpOptions = true)
    int export(@Mixin StateCommands state) throws IOException, AdminCommands.Problem {
        Path folder = state.folder();
        // One that runs welcomes the other's nodes at once; else its next start does.
        LocalSocket.ask(folder, "certs share", Map.of());
        Terminal.out(spec).println(SharedAuthority.export(folder));
        return 0;
    }

    @Command(
            name = "import",
            description =
                    "Take over what an export says: authority, nodes, keys, and what was revoked. The relay may be running.",
            mixinStandardHelpOptions = true)
    int take(
            @Mixin StateCommands state,
            @Parameters(paramLabel = "FILE", description = "of goinfer certs export; - reads standard input")
                    String file)
            throws Exception {
        Path folder = state.folder();
        byte[] bytes = file.equals("-") ? System.in.readNBytes(MAX_BYTES) : Files.readAllBytes(Path.of(file));
        String exported = new String(bytes, StandardCharsets.UTF_8);
        PrintWriter out = Terminal.out(spec);
        if (SharedAuthority.isNew(folder)) {
            try (StateLock lock = StateLock.take(folder)
                    .orElseThrow(() -> new IOException("the relay of " + folder + " is being started (process "
                            + StateLock.holder(folder) + "); try again"))) {
                assert lock != null;
                SharedAuthority.importInto(folder, exported);
            }
            out.println("imported into " + folder);
        } else {
            Map<String, String> changed =
                    state.run("certs import", SharedAuthority.members(exported)).get(0);
            out.println("imported into " + folder + ": " + changed.get("nodes") + " new nodes, "
                    + changed.get("revoked nodes") + " revoked; " + changed.get("keys") + " new keys, "
                    + changed.get("revoked keys") + " revoked");
        }
        return 0;
    }
}
