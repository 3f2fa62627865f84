// SPDX-License-Identifier: MIT
package io.goinfer.proxy.exchange;

import io.goinfer.proxy.route.Route;
import io.goinfer.proxy.route.Router;
import io.netty.channel.EventLoop;
import java.util.concurrent.TimeUnit;

/**
 * Holds a request for a moment where its node is most likely on its way: after the start of a relay and while it drains, when nodes come back to it.
 * Confined to the exchange's loop.
 */
final class Patience {
    private static final long LOOK_MILLIS = 20;
    private static final long MOST_NANOS = TimeUnit.SECONDS.toNanos(3);

    private final Router router;
    private long since;
    private boolean waiting;

    Patience(Router router) {
        this.router = router;
    }

    boolean isWaiting() {
        return waiting;
    }

    /** True: {@code again} is called soon. */
    boolean waits(Route route, EventLoop loop, Runnable again) {
        boolean missing = route instanceof Route.Unknown || route instanceof Route.Offline;
        long now = System.nanoTime();
        since = since == 0 ? now : since;
        waiting = missing && router.settling() && now - since < MOST_NANOS;
        if (waiting) {
            loop.schedule(again, LOOK_MILLIS, TimeUnit.MILLISECONDS).addListener(done -> {});
        }
        return waiting;
    }
}
