// SPDX-License-Identifier: MIT
package io.goinfer.proxy.http;

import io.goinfer.proxy.route.Model;
import io.goinfer.proxy.route.Place;
import io.goinfer.proxy.route.Router;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * The model of a request that names none. On llama.cpp's and goinfer's own paths: the loaded one that this key used last, else the only loaded one; then
 * and everywhere else the configured one. Thread-safe.
 */
final class LastModels {
    private static final int MAX_KEYS = 10_000;

    private final Router router;
    private final @Nullable String standard;
    private final Map<String, String> byKey = new ConcurrentHashMap<>();

    LastModels(Router router, @Nullable String standard) {
        this.router = router;
        this.standard = standard;
    }

    void used(String key, String model) {
        if (byKey.size() < MAX_KEYS || byKey.containsKey(key)) {
            byKey.put(key, model);
        }
    }

    /** @param loaded what is loaded may stand in */
    @Nullable
    String of(String key, boolean loaded) {
        if (loaded) {
            String last = byKey.get(key);
            Model model = last == null ? null : router.catalog().find(last);
            if (model != null && isLoaded(model)) {
                return last;
            }
            List<Model> all = router.catalog().models().stream()
                    .filter(one -> one.listed() && isLoaded(one))
                    .toList();
            if (all.size() == 1) {
                return all.get(0).id();
            }
        }
        return standard;
    }

    private static boolean isLoaded(Model model) {
        return model.places().stream().anyMatch(Place::ready);
    }
}
