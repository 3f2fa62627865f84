// SPDX-License-Identifier: MIT
package io.goinfer.proxy.config.swap;

import com.google.re2j.PatternSyntaxException;
import io.goinfer.proxy.config.YamlTree;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** What stands at the top of llama-swap.yml and is no section of its own. */
final class SettingsSection {
    private static final int MIN_HEALTH_SECONDS = 15;
    private static final int DEFAULT_UNLOAD_SECONDS = 10;
    private static final int DEFAULT_CAPTURE_MEGABYTES = 5;
    private static final int MAX_SECONDS = 1 << 24;
    private static final Duration DEFAULT_PERFORMANCE = Duration.ofSeconds(5);
    private static final Duration MIN_PERFORMANCE = Duration.ofSeconds(5);
    private static final Pattern GO_DURATION = Pattern.compile("(\\d+(?:\\.\\d+)?)(ns|us|µs|ms|s|m|h)");
    private static final Map<String, Double> UNITS =
            Map.of("ns", 1e-9, "us", 1e-6, "µs", 1e-6, "ms", 1e-3, "s", 1.0, "m", 60.0, "h", 3600.0);

    private final YamlTree tree;
    private int ttl;
    private int unload;

    SettingsSection(YamlTree tree) {
        this.tree = tree;
    }

    int globalTtl() {
        return ttl;
    }

    int globalUnload() {
        return unload;
    }

    SwapConfig.Settings read() {
        SwapConfig.Settings d = SwapConfig.defaults();
        int health =
                tree.number("healthCheckTimeout", (int) d.healthCheckTimeout().toSeconds(), 0, MAX_SECONDS);
        ttl = tree.number("globalTTL", 0, 0, Integer.MAX_VALUE);
        int asked = tree.number("unloadTimeout", DEFAULT_UNLOAD_SECONDS, 0, MAX_SECONDS);
        unload = asked == 0 ? DEFAULT_UNLOAD_SECONDS : asked;
        tree.ignore("logRequests");
        tree.ignore("sendLoadingState");
        int metrics = tree.number("metricsMaxInMemory", d.metricsInMemory(), Integer.MIN_VALUE, Integer.MAX_VALUE);
        int capture = tree.number("captureBuffer", DEFAULT_CAPTURE_MEGABYTES, Integer.MIN_VALUE, 1 << 20);
        return new SwapConfig.Settings(
                Duration.ofSeconds(Math.max(MIN_HEALTH_SECONDS, health)),
                startPort(d.startPort()),
                Boolean.TRUE.equals(tree.bool("includeAliasesInList")),
                ignorePaths(d.ignorePaths()),
                orElse(tree.text("logLevel"), d.logLevel()),
                orElse(tree.text("logTimeFormat"), d.logTimeFormat()),
                oneOf("logToStdout", List.of("proxy", "upstream", "both", "none"), d.logToStdout()),
                metrics <= 0 ? d.metricsInMemory() : metrics,
                Math.max(0, capture),
                storePath(),
                performance(DEFAULT_PERFORMANCE),
                sessionHeaders(d.sessionIdHeaders()));
    }

    private int startPort(int standard) {
        String text = tree.text("startPort");
        if (text != null && text.matches("-\\d+|0")) {
            tree.problem("startPort", "startPort must be greater than 1", true);
            return standard;
        }
        return tree.number("startPort", standard, 1, 65_535);
    }

    private List<String> ignorePaths(List<String> standard) {
        YamlTree upstream = tree.child("upstream");
        List<String> patterns = upstream.list("ignorePaths");
        upstream.warnUnknown();
        for (String pattern : patterns) {
            try {
                com.google.re2j.Pattern.compile(pattern);
            } catch (PatternSyntaxException e) {
                upstream.problem("ignorePaths", pattern + ": " + e.getDescription(), true);
            }
        }
        return patterns.isEmpty() ? standard : patterns;
    }

    private String oneOf(String key, List<String> words, String standard) {
        String text = tree.text(key);
        if (text != null && !words.contains(text)) {
            tree.problem(key, text + " (expected: " + String.join(", ", words) + ")", true);
        }
        return text == null ? standard : text;
    }

    private @Nullable String storePath() {
        if (!tree.isMapping("store")) {
            tree.ignore("store");
            return null;
        }
        YamlTree store = tree.child("store");
        String path = store.text("path");
        if (path == null || path.isBlank()) {
            store.problem("path", "is empty (expected: a file)", true);
        }
        store.warnUnknown();
        return path;
    }

    private @Nullable Duration performance(Duration standard) {
        YamlTree performance = tree.child("performance");
        boolean disabled = Boolean.TRUE.equals(performance.bool("disabled"));
        String text = performance.text("every");
        Duration every = standard;
        if (text != null) {
            every = duration(text);
            if (every == null) {
                performance.problem("every", text + " (expected: a duration such as 5s)", true);
            } else if (every.isZero()) {
                every = standard;
            } else if (every.compareTo(MIN_PERFORMANCE) < 0) {
                performance.problem("every", "performance: every must be at least 5s, got " + text, true);
            }
        }
        performance.warnUnknown();
        return disabled ? null : every;
    }

    private List<String> sessionHeaders(List<String> standard) {
        YamlTree ui = tree.child("ui");
        YamlTree activity = ui.child("activity");
        boolean given = activity.keys().contains("session_id");
        Map<String, String> once = new LinkedHashMap<>();
        activity.list("session_id").stream()
                .filter(name -> !name.isBlank())
                .forEach(name -> once.putIfAbsent(name.toLowerCase(java.util.Locale.ROOT), name));
        activity.warnUnknown();
        ui.warnUnknown();
        return given ? List.copyOf(once.values()) : standard;
    }

    /** Go's form: {@code 1m30s}. Null: it is none. */
    static @Nullable Duration duration(String text) {
        if (text.equals("0")) {
            return Duration.ZERO;
        }
        Matcher part = GO_DURATION.matcher(text);
        double seconds = 0;
        int at = 0;
        while (part.find() && part.start() == at) {
            seconds += Double.parseDouble(part.group(1)) * UNITS.getOrDefault(part.group(2), 0.0);
            at = part.end();
        }
        return at == text.length() && at > 0 ? Duration.ofMillis(Math.round(seconds * 1000)) : null;
    }

    private static String orElse(@Nullable String text, String standard) {
        return text == null ? standard : text;
    }
}
