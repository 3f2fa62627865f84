// SPDX-License-Identifier: MIT
package io.goinfer.proxy.model.local;

import com.google.re2j.Pattern;
import io.goinfer.proxy.model.Admission.Asked;
import io.goinfer.proxy.upstream.Refusal;
import java.util.List;

/**
 * What does not load a model that is not loaded: a browser that asks for a page's icon, a page that reconnects.
 *
 * @param ignoredPaths looked for in the paths of its own server; linear in their length
 * @param ignoresWebSockets these do not count as use either
 */
public record Sleep(List<Pattern> ignoredPaths, boolean ignoresWebSockets) {
    public Sleep {
        ignoredPaths = List.copyOf(ignoredPaths);
    }

    /** @param paths valid patterns, as {@code upstream.ignorePaths} has them */
    static Sleep of(List<String> paths, boolean webSockets) {
        return new Sleep(paths.stream().map(Pattern::compile).toList(), webSockets);
    }

    /** It reaches the model only if that runs. */
    boolean keptBy(Asked asked) {
        return asked.onlyIfLoaded() || ignores(asked) || matches(asked.directPath());
    }

    /** It is no use of the model: neither waits nor keeps it. */
    boolean ignores(Asked asked) {
        return asked.webSocket() && ignoresWebSockets;
    }

    private boolean matches(String path) {
        return !path.isEmpty()
                && ignoredPaths.stream()
                        .anyMatch(pattern -> pattern.matcher(path).find());
    }

    Refusal refusal(String model, Asked asked) {
        String why = asked.onlyIfLoaded()
                ? "open its page first"
                : ignores(asked) ? "WebSockets do not load it" : "path matches upstream.ignorePaths";
        return new Refusal(409, "invalid_request_error", "conflict", "model " + model + " is not loaded; " + why, 0);
    }
}
