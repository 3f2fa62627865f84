// SPDX-License-Identifier: MIT
package io.goinfer.proxy.model.process;

import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * The small shell that stands between goinfer and a model's command (docs/decisions/009): it gives the command a process group of its own and reads a pipe
 * from goinfer. "stop SECONDS", or the end of the pipe because goinfer was killed, ends the whole group: TERM, then KILL. Reports on its standard output, in
 * lines that start with the byte 1: {@code pid N}, {@code exit N}. It starts to ignore TERM only after the command was forked: a shell's child that is
 * told to end before it has become the command would lose the signal.
 */
final class Guardian {
    static final byte MARK = 1;

    /** Seconds that a group has when goinfer is gone. */
    private static final int ORPHAN_SECONDS = 5;

    /** {@code $1} is "session" when this shell leads a session of its own; else job control makes the group. */
    private static final String SCRIPT = """
            exec 3<&0 </dev/null
            group=
            if [ "$1" = session ]; then group=$$; else set -m 2>/dev/null; fi
            shift
            "$@" 2>&1 3<&- &
            child=$!
            trap : TERM INT HUP
            [ -n "$group" ] || group=$child
            printf '\\001pid %s\\n' "$child"
            {
              trap : TERM INT HUP
              read -r order seconds || seconds=ORPHAN
              kill -s TERM -- "-$group"
              left=$((seconds * 20))
              while [ "$left" -gt 0 ] && kill -0 "$child"; do sleep 0.05; left=$((left - 1)); done
              kill -s KILL -- "-$group"
            } <&3 >/dev/null 2>&1 &
            reader=$!
            exec 3<&-
            while :; do
              wait "$child"
              code=$?
              kill -0 "$child" 2>/dev/null || break
            done
            printf '\\001exit %s\\n' "$code"
            kill -s KILL "$reader" 2>/dev/null
            kill -s KILL -- "-$group" 2>/dev/null
            exit "$code"
            """.replace("ORPHAN", Integer.toString(ORPHAN_SECONDS));

    private static final boolean WINDOWS =
            System.getProperty("os.name", "").toLowerCase(Locale.ROOT).contains("win");

    private Guardian() {}

    /** False on Windows: the command runs by itself. */
    static boolean available() {
        return !WINDOWS;
    }

    static List<String> command(List<String> words) {
        if (WINDOWS) {
            return words;
        }
        List<String> all = new ArrayList<>();
        String setsid = find("setsid");
        if (setsid != null) {
            all.add(setsid);
        }
        all.addAll(List.of("/bin/sh", "-c", SCRIPT, "goinfer-guardian", setsid != null ? "session" : "jobs"));
        all.addAll(words);
        return all;
    }

    private static @org.jspecify.annotations.Nullable String find(String program) {
        for (String folder : System.getenv().getOrDefault("PATH", "").split(File.pathSeparator)) {
            Path file = Path.of(folder, program);
            if (Files.isExecutable(file)) {
                return file.toString();
            }
        }
        return null;
    }
}
