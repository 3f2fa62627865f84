// SPDX-License-Identifier: MIT
package io.goinfer.proxy.exchange;

import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** Which bodies are looked into for their model. */
public final class BodyKind {
    private BodyKind() {}

    /** Everything that may be JSON: llama-server ignores the content type too, and curl's default says "form". */
    public static boolean isScanned(@Nullable String contentType) {
        if (contentType == null) {
            return true;
        }
        String type = contentType.toLowerCase(Locale.ROOT).split(";", 2)[0].strip();
        return !type.startsWith("multipart/")
                && !type.startsWith("audio/")
                && !type.startsWith("image/")
                && !type.startsWith("video/")
                && !type.equals("application/octet-stream");
    }
}
