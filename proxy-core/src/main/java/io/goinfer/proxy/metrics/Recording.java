// SPDX-License-Identifier: MIT
package io.goinfer.proxy.metrics;

import io.netty.buffer.ByteBuf;
import io.netty.handler.codec.http.HttpHeaders;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** What passes of one request, for {@link Captures}. It is given up when all that are recorded together hold too much. Confined to one loop. */
public final class Recording {
    private static final String REDACTED = "[REDACTED]";
    private static final Set<String> SECRET =
            Set.of("authorization", "proxy-authorization", "cookie", "set-cookie", "x-api-key");

    /** Pictures and sound. */
    private static final Set<String> NO_REQUEST =
            Set.of("/v1/audio/transcriptions", "/v1/images/edits", "/sdapi/v1/img2img");

    private static final Set<String> NO_RESPONSE = Set.of(
            "/v1/audio/speech", "/v1/images/generations", "/v1/images/edits", "/sdapi/v1/txt2img", "/sdapi/v1/img2img");

    private final Captures captures;
    private final String path;
    private @Nullable ByteArrayOutputStream request;
    private @Nullable ByteArrayOutputStream response;
    private long reserved;
    private boolean over;

    private Recording(Captures captures, String path) {
        this.captures = captures;
        this.path = path;
        this.request = NO_REQUEST.contains(path) ? null : new ByteArrayOutputStream();
        this.response = NO_RESPONSE.contains(path) ? null : new ByteArrayOutputStream();
    }

    static Recording of(Captures captures, String path) {
        return new Recording(captures, path);
    }

    /** Borrows. */
    public void request(ByteBuf content) {
        add(request, content);
    }

    /** Borrows. */
    public void response(ByteBuf content) {
        add(response, content);
    }

    private void add(@Nullable ByteArrayOutputStream to, ByteBuf content) {
        int size = content.readableBytes();
        if (to == null || over || size == 0) {
            return;
        }
        if (!captures.reserve(size)) {
            drop();
            return;
        }
        reserved += size;
        try {
            content.getBytes(content.readerIndex(), to, size);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Of this one nothing is kept. */
    public void drop() {
        over = true;
        request = null;
        response = null;
        captures.release(reserved);
        reserved = 0;
    }

    /** Null: it was too large. Of an answer that is no success only the request is kept. Ends the recording; its bytes count until it is packed. */
    public Captures.@Nullable Capture end(int status, HttpHeaders asked, HttpHeaders answered) {
        if (over) {
            return null;
        }
        byte[] out = status == 200 ? bytes(response) : new byte[0];
        Captures.Capture capture =
                new Captures.Capture(path, redacted(asked), bytes(request), redacted(answered), out, reserved);
        reserved = 0;
        drop();
        return capture;
    }

    private static byte[] bytes(@Nullable ByteArrayOutputStream body) {
        return body == null ? new byte[0] : body.toByteArray();
    }

    private static Map<String, String> redacted(HttpHeaders headers) {
        Map<String, String> fields = new LinkedHashMap<>();
        headers.forEach(field -> fields.put(
                field.getKey(),
                SECRET.contains(field.getKey().toLowerCase(Locale.ROOT)) ? REDACTED : field.getValue()));
        return fields;
    }
}
