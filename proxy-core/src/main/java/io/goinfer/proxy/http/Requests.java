// SPDX-License-Identifier: MIT
package io.goinfer.proxy.http;

import io.goinfer.proxy.metrics.Activity;
import io.goinfer.proxy.route.Router;
import org.jspecify.annotations.Nullable;

/** What is known of requests beyond the one connection: those that run, those that were, and what each key used last. */
public record Requests(RunningRequests running, Activity activity, LastModels lastModels) {
    /** @param defaultModel for requests that name none, or null */
    public static Requests of(Router router, int rows, @Nullable String defaultModel) {
        return new Requests(new RunningRequests(), new Activity(rows), new LastModels(router, defaultModel));
    }
}
