// SPDX-License-Identifier: MIT
package io.goinfer.bench;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * What a process holds. -1 where this system does not tell.
 *
 * @param heap used bytes behind a collection of everything; needs the JDK's jcmd
 * @param resident bytes
 */
record Footprint(long heap, long resident, long descriptors, long threads) {
    private static final Pattern USED = Pattern.compile("total \\d+K, used (\\d+)K");
    private static final long TOOL_SECONDS = 30;
    private static final int MIB = 20;

    /** What may come and go: sessions of another transport, threads of a pool. */
    private static final long SOME_DESCRIPTORS = 12;

    private static final long SOME_THREADS = 12;
    private static final long SOME_HEAP = 8L << MIB;
    private static final long SOME_RESIDENT = 64L << MIB;

    /** Collects first. Blocking. */
    static Footprint of(Process process) throws IOException, InterruptedException {
        long heap = heap(process);
        Path proc = Path.of("/proc", Long.toString(process.pid()));
        if (!Files.isDirectory(proc)) {
            return new Footprint(heap, -1, -1, -1);
        }
        String status = Files.readString(proc.resolve("status"));
        try (Stream<Path> open = Files.list(proc.resolve("fd"))) {
            return new Footprint(heap, field(status, "VmRSS:") << 10, open.count(), field(status, "Threads:"));
        }
    }

    private static long field(String status, String name) {
        return status.lines()
                .filter(line -> line.startsWith(name))
                .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")))
                .findFirst()
                .orElse(-1);
    }

    private static long heap(Process process) throws IOException, InterruptedException {
        Path java = Path.of(process.info().command().orElse("java"));
        Path jcmd = java.resolveSibling("jcmd");
        if (!Files.isExecutable(jcmd)) {
            return -1;
        }
        String pid = Long.toString(process.pid());
        run(jcmd, pid, "GC.run");
        Matcher used = USED.matcher(run(jcmd, pid, "GC.heap_info"));
        long sum = 0;
        while (used.find()) {
            sum += Long.parseLong(used.group(1)) << 10;
        }
        return sum == 0 ? -1 : sum;
    }

    private static String run(Path jcmd, String pid, String what) throws IOException, InterruptedException {
        Process tool = new ProcessBuilder(jcmd.toString(), pid, what)
                .redirectErrorStream(true)
                .start();
        tool.getOutputStream().close();
        String said = new String(tool.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        return tool.waitFor(TOOL_SECONDS, TimeUnit.SECONDS) && tool.exitValue() == 0 ? said : "";
    }

    /** "" if this is no more than before, else what is. */
    String above(Footprint base) {
        StringBuilder more = new StringBuilder();
        check(more, "heap", heap, base.heap + base.heap / 4 + SOME_HEAP);
        check(more, "resident memory", resident, base.resident + base.resident / 4 + SOME_RESIDENT);
        check(more, "descriptors", descriptors, base.descriptors + SOME_DESCRIPTORS);
        check(more, "threads", threads, base.threads + SOME_THREADS);
        return more.toString();
    }

    private static void check(StringBuilder more, String what, long now, long most) {
        if (now > most) {
            more.append(' ').append(what).append(' ').append(now).append(" > ").append(most);
        }
    }

    @Override
    public String toString() {
        return String.format(
                Locale.ROOT,
                "heap %d MiB, RSS %d MiB, %d fds, %d threads",
                heap >> MIB,
                resident >> MIB,
                descriptors,
                threads);
    }
}
