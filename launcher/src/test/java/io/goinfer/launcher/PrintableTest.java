// SPDX-License-Identifier: MIT
package io.goinfer.launcher;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.spi.LoggingEvent;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine;

/** What others wrote is text and nothing else, wherever it is shown. */
class PrintableTest {
    private static final String FORGED = "a\r\n2026-01-01T00:00:00.000 WARN  Relay: forged \u001b[2J\u202e\u0085";

    private static String logged(String message, @Nullable Throwable thrown, Object... arguments) {
        LoggerContext context = new LoggerContext();
        LoggingEvent event =
                new LoggingEvent("", context.getLogger("io.goinfer.Test"), Level.WARN, message, thrown, arguments);
        return new LogLine(context, LogSetup.PATTERN).doLayout(event);
    }

    private static void assertNothingGotThrough(String text) {
        assertThat(text).doesNotContain("\r", "\u001b", "\u202e", "\u0085");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "\u0000", "\u0007", "\b", "\u000b", "\f", "\u001b", "\u007f", "\u0080", "\u0085", "\u009b", "\u009f",
                "\u061c", "\u200e", "\u200f", "\u2028", "\u2029", "\u202a", "\u202e", "\u2066", "\u2069", "\ufeff"
            })
    void whatActsOnATerminalIsEscaped(String harmful) {
        String escaped = "a" + String.format("\\u%04x", (int) harmful.charAt(0)) + "b";
        assertThat(Printable.line("a" + harmful + "b")).isEqualTo(escaped);
        assertThat(Printable.text("a" + harmful + "b")).isEqualTo(escaped);
    }

    @Test
    void whatIsMeantToBeReadStaysAsItIs() {
        String clean = "Größe 模型 \u05d0\u05d1 \ud83d\udc68\u200d\ud83d\udcbb C:\\new ~";
        assertThat(Printable.line(clean)).isSameAs(clean);
        assertThat(Printable.text("a\n\tb\n")).isEqualTo("a\n\tb\n");
        assertThat(Printable.line("a\n\tb\r")).isEqualTo("a\\n\\tb\\r");
    }

    @Test
    void aMessageIsOneLine() {
        String line = logged("node {} said {}", null, "gpu", FORGED);
        assertNothingGotThrough(line);
        assertThat(line.lines()).hasSize(1);
        assertThat(line).endsWith("said a\\r\\n2026-01-01T00:00:00.000 WARN  Relay: forged \\u001b[2J\\u202e\\u0085\n");
    }

    @Test
    void aStackTraceKeepsItsLinesAndItsMessagesMakeNone() {
        IOException failure = new IOException(FORGED, new IllegalStateException(FORGED));
        failure.addSuppressed(new IOException(FORGED));
        String text = logged("it failed", failure);
        assertNothingGotThrough(text);
        assertThat(text.lines().filter(line -> !line.matches("\\s+(at|\\.\\.\\.) .*")))
                .hasSize(4)
                .noneMatch(line -> line.startsWith("2026-01-01"))
                .anyMatch(line -> line.startsWith("java.io.IOException: a\\r\\n"))
                .anyMatch(line -> line.startsWith("Caused by: java.lang.IllegalStateException: a\\r\\n"))
                .anyMatch(line -> line.strip().startsWith("Suppressed: java.io.IOException: a\\r\\n"));
    }

    @Test
    void aCellOfATableIsOneCell() {
        StringWriter out = new StringWriter();
        StateCommands.print(List.of(Map.of("name", FORGED), Map.of("name", "gpu\tonline")), new PrintWriter(out, true));
        assertNothingGotThrough(out.toString());
        assertThat(out.toString().lines()).hasSize(3);
        assertThat(out.toString()).contains("gpu\\tonline");
    }

    @Test
    void anErrorIsOneLine() {
        StringWriter err = new StringWriter();
        CommandLine line = new CommandLine(new TokenCommand()).setErr(new PrintWriter(err, true));
        new CommandErrors().handleExecutionException(new IOException(FORGED), line, null);
        assertNothingGotThrough(err.toString());
        assertThat(err.toString().lines()).hasSize(1);
    }
}
