// SPDX-License-Identifier: MIT
package io.goinfer.proxy.http;

import io.goinfer.proxy.config.Service;
import io.goinfer.proxy.control.Call;
import io.goinfer.proxy.control.Reply;
import io.goinfer.proxy.keys.ApiKey;
import io.goinfer.proxy.keys.Role;
import java.util.Set;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/**
 * One line of the endpoint table: what is served where, to whom, by what.
 *
 * @param path exact, or a prefix if it ends in {@code *}
 * @param methods empty = any
 * @param services the listener must have one of them; empty = any listener
 * @param handler null: an exchange with a model
 */
record Endpoint(
        String path,
        Set<String> methods,
        Set<Service> services,
        Role role,
        @Nullable Handler handler) {
    /** Answers without a model. Called on the connection's loop; what blocks completes later. */
    interface Handler {
        CompletionStage<Reply> handle(Call call, Caller caller);
    }

    /** Who calls. @param key of somebody for whom none is needed: {@link ApiKey#ANYBODY} */
    record Caller(EdgeConnection connection, ApiKey key) {}

    boolean matches(String requestPath) {
        return path.endsWith("*")
                ? requestPath.startsWith(path.substring(0, path.length() - 1))
                : path.equals(requestPath);
    }
}
