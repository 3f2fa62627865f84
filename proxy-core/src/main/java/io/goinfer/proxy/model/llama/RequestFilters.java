// SPDX-License-Identifier: MIT
package io.goinfer.proxy.model.llama;

import io.goinfer.proxy.config.swap.SwapConfig.Filters;
import io.goinfer.proxy.json.JsonEdit;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** llama-swap's filters: what is taken out of a request, then what is put in, then what is put in for the name that was asked for. Pure. */
final class RequestFilters {
    private RequestFilters() {}

    /** Null, or why it cannot be done. */
    static @Nullable String apply(JsonEdit body, Filters filters, String requested) {
        for (String path : filters.strip()) {
            if (!body.remove(path)) {
                return "error stripping parameter " + path + " from request";
            }
        }
        set(body, filters.set());
        set(body, filters.setById().getOrDefault(requested, Map.of()));
        return null;
    }

    private static void set(JsonEdit body, Map<String, String> values) {
        // A path with a pattern does nothing, as there.
        values.forEach(body::set);
    }
}
