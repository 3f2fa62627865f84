// SPDX-License-Identifier: MIT
package io.goinfer.launcher;

import io.goinfer.certs.SharedAuthority;
import io.goinfer.proxy.net.StateLock;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
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
            "  goinfer certs import relay.json         on the second, before it is started"
        })
final class CertsCommand {
    private static final int MAX_BYTES = 64 << 20;

    @CommandLine.Spec
    private CommandLine.Model.@Nullable CommandSpec spec;

    private static Path folder(@Nullable Path stateDir) {
        return new Folders(System.getenv()).state(stateDir).resolve("relay");
    }

    @Command(description = "Print what the other relays need, on standard output.", mixinStandardHelpOptions = true)
    int export(
            @Option(names = "--state-dir", paramLabel = "DIR", description = "the relay's state folder (GI_STATE_DIR)")
                    @Nullable
                    Path stateDir)
            throws IOException {
        Terminal.out(spec).println(SharedAuthority.export(folder(stateDir)));
        return 0;
    }

    @Command(
            name = "import",
            description = "Take an export over; the relay of this state folder must not run.",
            mixinStandardHelpOptions = true)
    int take(
            @Option(names = "--state-dir", paramLabel = "DIR", description = "the relay's state folder (GI_STATE_DIR)")
                    @Nullable
                    Path stateDir,
            @Parameters(paramLabel = "FILE", description = "of goinfer certs export; - reads standard input")
                    String file)
            throws IOException {
        Path folder = folder(stateDir);
        byte[] bytes = file.equals("-") ? System.in.readNBytes(MAX_BYTES) : Files.readAllBytes(Path.of(file));
        try (StateLock lock = StateLock.take(folder)
                .orElseThrow(() -> new IOException("the relay of " + folder + " runs (process "
                        + StateLock.holder(folder) + "); stop it first"))) {
            assert lock != null;
            SharedAuthority.importInto(folder, new String(bytes, StandardCharsets.UTF_8));
        }
        Terminal.out(spec).println("imported into " + folder);
        return 0;
    }
}
