// SPDX-License-Identifier: MIT
package io.goinfer.proxy.config;

import java.util.Locale;

/** How a node reaches its relays: {@code node.transport} and {@code --transport}. */
public enum Transport {
    /** QUIC, and TCP where no UDP passes. */
    AUTO,
    QUIC,
    TCP;

    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT);
    }

    public boolean quic() {
        return this != TCP;
    }

    public boolean tcp() {
        return this != QUIC;
    }
}
