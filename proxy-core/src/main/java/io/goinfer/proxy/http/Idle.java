// SPDX-License-Identifier: MIT
package io.goinfer.proxy.http;

import io.goinfer.tunnel.wire.Writes;
import io.netty.channel.ChannelHandlerContext;
import io.netty.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** Closes a client's connection that has been without a request for too long ({@link EdgeRules#idleMillis}). Confined to its loop. */
final class Idle {
    private final EdgeRules rules;
    private @Nullable Future<?> timer;

    Idle(EdgeRules rules) {
        this.rules = rules;
    }

    void begins(@Nullable ChannelHandlerContext ctx) {
        ends();
        if (ctx != null) {
            timer = ctx.executor()
                    .schedule(() -> Writes.close(ctx.channel()), rules.idleMillis(), TimeUnit.MILLISECONDS);
        }
    }

    void ends() {
        if (timer != null) {
            timer.cancel(false);
            timer = null;
        }
    }
}
