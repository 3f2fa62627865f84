// SPDX-License-Identifier: MIT
package io.goinfer.launcher;

import io.goinfer.proxy.Relay;
import io.goinfer.proxy.admin.AdminCommands;
import io.goinfer.proxy.admin.LocalSocket;
import io.goinfer.proxy.config.ConfigException;
import io.goinfer.proxy.config.ConfigLoader;
import io.goinfer.proxy.config.GoinferConfig;
import io.goinfer.proxy.net.StateLock;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Commands on a relay's state: asks the relay that runs on it, or works on the folder itself. */
final class StateCommands {
    @Option(names = "--state-dir", paramLabel = "DIR", description = "the relay's state folder (GI_STATE_DIR)")
    @Nullable
    Path stateDir;

    @Option(names = "--config", paramLabel = "FILE", description = "goinfer.yml of the relay")
    @Nullable
    Path config;

    List<Map<String, String>> run(String command, Map<String, String> arguments)
            throws IOException, GeneralSecurityException, AdminCommands.Problem, ConfigException {
        Folders folders = new Folders(System.getenv());
        Path folder = folder();
        Optional<List<Map<String, String>>> answer = LocalSocket.ask(folder, command, arguments);
        if (answer.isPresent()) {
            return answer.get();
        }
        try (StateLock lock = StateLock.take(folder)
                .orElseThrow(() -> new IOException("process " + StateLock.holder(folder) + " holds " + folder
                        + " but does not answer on its socket"))) {
            assert lock != null;
            GoinferConfig loaded = ConfigLoader.load(folders.findConfig(config), System.getenv())
                    .config();
            return Relay.offline(folder, loaded).run(command, arguments);
        }
    }

    Path folder() {
        return new Folders(System.getenv()).state(stateDir).resolve("relay");
    }

    /** A table with the columns that any row has. Names of nodes are others'. */
    static void print(List<Map<String, String>> rows, PrintWriter out) {
        Set<String> columns = new LinkedHashSet<>();
        rows.forEach(row -> columns.addAll(row.keySet()));
        List<List<String>> lines = new ArrayList<>();
        lines.add(columns.stream()
                .map(name -> name.toUpperCase(java.util.Locale.ROOT))
                .toList());
        rows.forEach(row -> lines.add(columns.stream()
                .map(name -> Printable.line(row.getOrDefault(name, "-")))
                .toList()));
        int[] widths = new int[columns.size()];
        lines.forEach(line -> {
            for (int i = 0; i < line.size(); i++) {
                widths[i] = Math.max(widths[i], line.get(i).length());
            }
        });
        if (rows.isEmpty()) {
            out.println("none");
            return;
        }
        for (List<String> line : lines) {
            StringBuilder text = new StringBuilder();
            for (int i = 0; i < line.size(); i++) {
                text.append(String.format("%-" + (widths[i] + 2) + "s", line.get(i)));
            }
            out.println(text.toString().stripTrailing());
        }
    }
}
