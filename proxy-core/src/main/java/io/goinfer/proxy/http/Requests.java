// SPDX-License-Identifier: MIT
package io.goinfer.proxy.http;

import io.goinfer.proxy.metrics.Activity;
import io.goinfer.proxy.metrics.Captures;
import io.goinfer.proxy.route.Router;
import org.jspecify.annotations.Nullable;

/** What is known of requests beyond the one connection: those that run, those that were, as rows and as a whole, and what each key used last. */
public record Requests(RunningRequests running, Activity activity, Captures captures, LastModels lastModels) {
    /** @param defaultModel for requests that name none, or null */
    public static Requests of(Router router, int rows, Captures captures, @Nullable String defaultModel) {
        return new Requests(new RunningRequests(), new Activity(rows), captures, new LastModels(router, defaultModel));
    }
}
