// SPDX-License-Identifier: MIT
package io.goinfer.proxy.route;

import io.netty.buffer.ByteBuf;
import org.jspecify.annotations.Nullable;

/** Looks for the model's name in a body while it passes. Offsets count bytes of the body. Not thread-safe. */
public interface BodyScanner {
    /** Reads all of {@code in} without moving its reader index. False once there is an error. */
    boolean read(ByteBuf in);

    /** The body is complete. False if it is not what its type says. */
    boolean end();

    @Nullable
    String error();

    /** True once {@code model} was seen, whatever its value. */
    boolean modelSeen();

    /** Its value, if there is one that is not empty. */
    @Nullable
    String model();

    /** Two values: it is not clear which one counts. */
    boolean modelTwice();

    /** Offset of the value, with what encloses it. */
    long modelStart();

    /** Offset behind it. */
    long modelEnd();

    /** Whether the client asks for a stream; null = not seen. */
    @Nullable
    Boolean stream();

    /** Another name as it stands between {@link #modelStart} and {@link #modelEnd}. */
    byte[] encoded(String name);
}
