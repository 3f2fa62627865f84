// SPDX-License-Identifier: MIT
package io.goinfer.launcher;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import sun.misc.Signal;

/** TERM and INT: the first one drains, the second one ends at once. */
final class Shutdown {
    private static final int SIGNAL_EXIT = 130;

    private final CountDownLatch asked = new CountDownLatch(1);
    private final AtomicInteger signals = new AtomicInteger();

    private Shutdown() {}

    @SuppressWarnings("sunapi")
    static Shutdown install() {
        Shutdown shutdown = new Shutdown();
        for (String name : new String[] {"TERM", "INT"}) {
            Signal.handle(new Signal(name), signal -> shutdown.signalled());
        }
        return shutdown;
    }

    private void signalled() {
        if (signals.incrementAndGet() > 1) {
            Runtime.getRuntime().halt(SIGNAL_EXIT);
        }
        asked.countDown();
    }

    /** Returns when somebody asked to stop. */
    void await() throws InterruptedException {
        asked.await();
    }
}
