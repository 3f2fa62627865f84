// SPDX-License-Identifier: MIT
package io.goinfer.tunnel.testing;

import io.netty.util.LeakPresenceDetector;
import java.time.Duration;
import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/** After each test class every ByteBuf must be released: loops may still be closing connections, so it looks until they have. */
public final class NoLeaks implements AfterAllCallback {
    @Override
    public void afterAll(ExtensionContext context) {
        IllegalStateException[] last = new IllegalStateException[1];
        try {
            Eventually.eventually("no buffer is left", Duration.ofSeconds(10), () -> {
                try {
                    LeakPresenceDetector.check();
                    return true;
                } catch (IllegalStateException e) {
                    last[0] = e;
                    return false;
                }
            });
        } catch (AssertionError e) {
            if (last[0] != null) {
                throw last[0];
            }
            throw e;
        }
    }
}
