// SPDX-License-Identifier: MIT
package io.goinfer.proxy.keys;

/** What a key may do. {@link #ADMIN} includes all. */
public enum Role {
    /** Nobody asked for a key. */
    NONE,
    METRICS,
    USER,

    /** A key of a llama-swap.yml: a user who may also see and unload models, as there. */
    LLAMA_SWAP,
    ADMIN;

    public boolean includes(Role needed) {
        return switch (needed) {
            case NONE -> true;
            case METRICS -> this == METRICS || this == ADMIN;
            case USER -> this == USER || this == LLAMA_SWAP || this == ADMIN;
            case LLAMA_SWAP -> this == LLAMA_SWAP || this == ADMIN;
            case ADMIN -> this == ADMIN;
        };
    }
}
