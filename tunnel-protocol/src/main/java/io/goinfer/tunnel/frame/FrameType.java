// SPDX-License-Identifier: MIT
package io.goinfer.tunnel.frame;

import org.jspecify.annotations.Nullable;

/** Type numbers and the limits that are checked before a payload is stored: PROTOCOL.md §4. */
public enum FrameType {
    HELLO(0x01, Scope.CONTROL, 64 << 10),
    HELLO_OK(0x02, Scope.CONTROL, 64 << 10),
    HELLO_REJECT(0x03, Scope.CONTROL, 64 << 10),
    MODELS(0x04, Scope.CONTROL, 1 << 20),
    LOAD(0x05, Scope.CONTROL, 64 << 10),
    PING(0x06, Scope.CONTROL, 64 << 10),
    PONG(0x07, Scope.CONTROL, 64 << 10),
    GOAWAY(0x08, Scope.CONTROL, 64 << 10),
    RESET_EXCHANGE(0x09, Scope.CONTROL, 64 << 10),
    RESUME(0x0a, Scope.CONTROL, 64 << 10),
    RESUME_OK(0x0b, Scope.CONTROL, 64 << 10),
    CREDIT_EXCHANGE(0x0c, Scope.CONTROL, 32),
    REQUEST(0x20, Scope.EXCHANGE, 64 << 10),
    RESPONSE(0x21, Scope.EXCHANGE, 64 << 10),
    DATA(0x22, Scope.EXCHANGE, 16 << 10),
    TRAILERS(0x23, Scope.EXCHANGE, 64 << 10),
    CREDIT(0x24, Scope.EXCHANGE, 16),
    RESET(0x25, Scope.EXCHANGE, 4 << 10),
    INFO(0x26, Scope.EXCHANGE, 64 << 10);

    /** Where a frame may stand. */
    public enum Scope {
        CONTROL,
        EXCHANGE
    }

    /** Largest payload of a frame whose type is not known here but marked optional. */
    public static final int MAX_UNKNOWN_PAYLOAD = 64 << 10;

    private static final @Nullable FrameType[] BY_NUMBER = new FrameType[0x40];

    static {
        for (FrameType type : values()) {
            BY_NUMBER[type.number] = type;
        }
    }

    private final int number;
    private final Scope scope;
    private final int maxPayload;

    FrameType(int number, Scope scope, int maxPayload) {
        this.number = number;
        this.scope = scope;
        this.maxPayload = maxPayload;
    }

    public int number() {
        return number;
    }

    public Scope scope() {
        return scope;
    }

    public int maxPayload() {
        return maxPayload;
    }

    /** Null: not known here. */
    public static @Nullable FrameType of(int number) {
        return number < BY_NUMBER.length ? BY_NUMBER[number] : null;
    }
}
