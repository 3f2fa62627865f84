// SPDX-License-Identifier: MIT
package io.goinfer.proxy.keys;

/** What a key may do. {@link #ADMIN} includes all. */
public enum Role {
    /** Nobody asked for a key. */
    NONE,
    METRICS,
    USER,
    ADMIN;

    public boolean includes(Role needed) {
        return switch (needed) {
            case NONE -> true;
            case METRICS -> this == METRICS || this == ADMIN;
            case USER -> this == USER || this == ADMIN;
            case ADMIN -> this == ADMIN;
        };
    }
}
