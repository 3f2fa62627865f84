// SPDX-License-Identifier: MIT
package io.goinfer.proxy.fuzz;

import io.goinfer.proxy.route.JsonScanner;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.util.Arrays;
import java.util.Objects;

/** Any body: the same is found whether it comes at once or byte by byte. */
public final class JsonScannerFuzz {
    private JsonScannerFuzz() {}

    public static void fuzzerTestOneInput(byte[] data) {
        String whole = found(data, Math.max(1, data.length));
        String cut = found(data, 1);
        if (!whole.equals(cut)) {
            throw new AssertionError("at once " + whole + ", byte by byte " + cut);
        }
    }

    private static String found(byte[] data, int piece) {
        JsonScanner scanner = new JsonScanner();
        boolean good = true;
        for (int at = 0; at < data.length && good; at += piece) {
            ByteBuf in = Unpooled.wrappedBuffer(Arrays.copyOfRange(data, at, Math.min(data.length, at + piece)));
            good = scanner.read(in);
            in.release();
        }
        good = good && scanner.end();
        return good + " " + scanner.model() + " " + scanner.stream() + " " + scanner.modelTwice() + " "
                + Objects.requireNonNullElse(scanner.error(), "");
    }
}
