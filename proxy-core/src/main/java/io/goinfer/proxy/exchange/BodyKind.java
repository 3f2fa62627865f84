// SPDX-License-Identifier: MIT
package io.goinfer.proxy.exchange;

import io.goinfer.proxy.route.BodyScanner;
import io.goinfer.proxy.route.JsonScanner;
import io.goinfer.proxy.route.MultipartScanner;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** Which bodies are looked into for their model, and how. */
public final class BodyKind {
    private BodyKind() {}

    /** Everything that may be JSON: llama-server ignores the content type too, and curl's default says "form". */
    public static boolean isJson(@Nullable String contentType) {
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

    /**
     * Null: nothing is looked for.
     *
     * @param chosen the head names the model: a form need not be looked into, JSON is, to put the backend's own name in its place
     */
    public static @Nullable BodyScanner scanner(@Nullable String contentType, boolean chosen) {
        if (isJson(contentType)) {
            return new JsonScanner();
        }
        return contentType == null || chosen ? null : MultipartScanner.of(contentType);
    }
}
