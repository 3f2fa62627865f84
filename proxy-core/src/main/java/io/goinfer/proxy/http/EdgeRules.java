// SPDX-License-Identifier: MIT
package io.goinfer.proxy.http;

import io.goinfer.proxy.config.GoinferConfig.Limits;
import io.goinfer.proxy.keys.ApiKeys;
import io.goinfer.proxy.metrics.Metrics;
import io.goinfer.proxy.net.ByteBudget;
import io.goinfer.proxy.net.ConnectionLimit;
import io.goinfer.proxy.route.Router;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpUtil;
import java.util.List;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * What every listener of a process shares.
 *
 * @param replay for bodies that may have to be sent twice
 * @param pipelined for what clients send behind a request that is being answered
 * @param keys null: no key is needed ({@code --no-api-key}, loopback only)
 */
public record EdgeRules(
        @Nullable ApiKeys keys,
        List<String> origins,
        Endpoints endpoints,
        Router router,
        Limits limits,
        ByteBudget budget,
        ByteBudget replay,
        ByteBudget pipelined,
        Metrics metrics,
        Requests requests,
        ConnectionLimit connections,
        BooleanSupplier draining) {
    private static final long IDLE_MILLIS = 75_000;
    private static final long DRAIN_MILLIS = 1_500;

    /** Whether the connection is kept behind this answer; not while the process drains, so that clients go elsewhere in good order. */
    boolean keeps(HttpRequest head) {
        return HttpUtil.isKeepAlive(head) && !draining.getAsBoolean();
    }

    /**
     * How long a connection is kept without a request. While the process drains long enough that a client which keeps several connections has used each once
     * more and was told {@code connection: close}: what it sends into one that closes is lost.
     */
    long idleMillis() {
        return draining.getAsBoolean() ? DRAIN_MILLIS : IDLE_MILLIS;
    }
}
