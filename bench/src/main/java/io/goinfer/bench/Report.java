// SPDX-License-Identifier: MIT
package io.goinfer.bench;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.ToDoubleFunction;

/** What {@link Bench} found: medians over the rounds with least and most, as a table, Markdown or JSON. */
public final class Report {
    private static final double MICRO = 1e3;
    private static final double MILLI = 1e6;

    private record Column(String title, String key, ToDoubleFunction<Bench.Round> value) {}

    private static final List<Column> COLUMNS = List.of(
            new Column(
                    "first token p50 us",
                    "ttft_p50_us",
                    r -> r.one().firstToken().getValueAtPercentile(50) / MICRO),
            new Column("p99 us", "ttft_p99_us", r -> r.one().firstToken().getValueAtPercentile(99) / MICRO),
            new Column(
                    "delay p50 us, 32 streams",
                    "delay32_p50_us",
                    r -> r.few().delay().getValueAtPercentile(50) / MICRO),
            new Column("p99 us", "delay32_p99_us", r -> r.few().delay().getValueAtPercentile(99) / MICRO),
            new Column(
                    "many streams: delay p50 ms",
                    "many_p50_ms",
                    r -> r.many().delay().getValueAtPercentile(50) / MILLI),
            new Column("p99 ms", "many_p99_ms", r -> r.many().delay().getValueAtPercentile(99) / MILLI),
            new Column("max ms", "many_max_ms", r -> r.many().delay().getMaxValue() / MILLI),
            new Column(
                    "events/s",
                    "events_per_s",
                    r -> r.many().events() / r.many().seconds()),
            new Column("CPU us/event", "cpu_us_per_event", Bench.Round::cpuMicros),
            new Column("tool CPU us/event", "tool_us_per_event", Bench.Round::toolMicros),
            new Column("KiB/stream", "kib_per_stream", Bench.Round::kibPerStream),
            new Column("CPU stolen %", "stolen_percent", Bench.Round::stolenPercent),
            new Column(
                    "errors",
                    "errors",
                    r -> r.one().errors() + r.few().errors() + r.many().errors()));

    private final Bench.Options options;
    private final Map<String, List<Bench.Round>> rounds;

    Report(Bench.Options options, Map<String, List<Bench.Round>> rounds) {
        this.options = options;
        this.rounds = rounds;
    }

    /** Rows per figure, columns per contender: median (least to most). */
    public String table() {
        StringBuilder text = new StringBuilder(heading()).append('\n');
        text.append(String.format("%-28s", ""));
        rounds.keySet().forEach(name -> text.append(String.format("%-30s", name)));
        for (Column column : COLUMNS) {
            text.append('\n').append(String.format("%-28s", column.title()));
            rounds.values().forEach(all -> text.append(String.format("%-30s", cell(column, all))));
        }
        text.append('\n').append(added());
        return text.toString();
    }

    public String markdown() {
        StringBuilder text =
                new StringBuilder("# goinfer bench\n\n").append(heading()).append("\n\n| |");
        rounds.keySet().forEach(name -> text.append(' ').append(name).append(" |"));
        text.append("\n|---|");
        rounds.keySet().forEach(name -> text.append("---|"));
        for (Column column : COLUMNS) {
            text.append("\n| ").append(column.title()).append(" |");
            rounds.values()
                    .forEach(all -> text.append(' ').append(cell(column, all)).append(" |"));
        }
        return text.append("\n\n").append(added()).append('\n').toString();
    }

    public String json() {
        StringBuilder text = new StringBuilder("{\"rounds\":" + options.rounds() + ",\"streams\":" + options.streams()
                + ",\"rate\":" + options.rate() + ",\"seconds\":" + options.seconds() + ",\"java\":\""
                + Runtime.version()
                + "\",\"processors\":" + Runtime.getRuntime().availableProcessors() + ",\"contenders\":{");
        String comma = "";
        for (Map.Entry<String, List<Bench.Round>> one : rounds.entrySet()) {
            text.append(comma).append('"').append(one.getKey()).append("\":{");
            comma = "";
            for (Column column : COLUMNS) {
                text.append(comma)
                        .append('"')
                        .append(column.key())
                        .append("\":")
                        .append(number(median(column, one.getValue())));
                comma = ",";
            }
            text.append('}');
            comma = ",";
        }
        return text.append("}}").toString();
    }

    /** One load in one line. */
    public static String line(LoadResult result) {
        return String.format(
                Locale.ROOT,
                "%d events, %d errors %s; first token p50 %.2f ms p99 %.2f ms; delay p50 %.2f ms p99 %.2f ms max %.2f ms; %.0f events/s",
                result.events(),
                result.errors(),
                result.problems(),
                result.firstToken().getValueAtPercentile(50) / MILLI,
                result.firstToken().getValueAtPercentile(99) / MILLI,
                result.delay().getValueAtPercentile(50) / MILLI,
                result.delay().getValueAtPercentile(99) / MILLI,
                result.delay().getMaxValue() / MILLI,
                result.events() / result.seconds());
    }

    private String heading() {
        return options.rounds() + " interleaved rounds; median (least to most). Many streams: " + options.streams()
                + " at "
                + number(options.rate()) + " events/s for " + options.seconds() + " s. Java " + Runtime.version() + ", "
                + Runtime.getRuntime().availableProcessors() + " processors, " + System.getProperty("os.name") + " "
                + System.getProperty("os.version") + ".";
    }

    /** The differences to direct, and whether the tool itself was the limit. */
    private String added() {
        StringBuilder text = new StringBuilder();
        double direct = median(COLUMNS.get(0), rounds.getOrDefault("direct", List.of()));
        rounds.forEach((name, all) -> {
            if (!name.equals("direct")) {
                text.append(name)
                        .append(" adds ")
                        .append(number(median(COLUMNS.get(0), all) - direct))
                        .append(" us to the first token (p50). ");
            }
        });
        return text.append("The tool must stay under 30 CPU us/event, or it measures itself.")
                .toString();
    }

    private static String cell(Column column, List<Bench.Round> all) {
        double[] values = values(column, all);
        return number(median(column, all)) + " (" + number(values[0]) + " to " + number(values[values.length - 1])
                + ")";
    }

    private static double median(Column column, List<Bench.Round> all) {
        double[] values = values(column, all);
        return values.length == 0 ? 0 : values[values.length / 2];
    }

    private static double[] values(Column column, List<Bench.Round> all) {
        double[] values = all.stream().mapToDouble(column.value()).toArray();
        Arrays.sort(values);
        return values;
    }

    private static String number(double value) {
        return String.format(
                Locale.ROOT, Math.abs(value) >= 100 ? "%.0f" : Math.abs(value) >= 10 ? "%.1f" : "%.2f", value);
    }
}
