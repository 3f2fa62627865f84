// SPDX-License-Identifier: MIT
package io.goinfer.proxy.fuzz;

import io.goinfer.proxy.route.MultipartScanner;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;

/** Any form: a model or none, and its place within the bytes. */
public final class MultipartFuzz {
    private MultipartFuzz() {}

    public static void fuzzerTestOneInput(byte[] data) {
        MultipartScanner scanner = new MultipartScanner("b");
        ByteBuf in = Unpooled.wrappedBuffer(data);
        boolean good = scanner.read(in) && scanner.end();
        in.release();
        boolean within = scanner.modelStart() <= scanner.modelEnd() && scanner.modelEnd() <= data.length;
        if (good && scanner.model() != null && !within) {
            throw new AssertionError("a model beyond the body");
        }
    }
}
