// SPDX-License-Identifier: MIT
package io.goinfer.proxy.http;

import io.goinfer.proxy.upstream.Refusal;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpVersion;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What of a head two readers could understand in two ways (RFC 9112 §3.2, §6.1, §11.2), besides what the decoder refuses: two lengths, a length beside a
 * transfer coding, codings after chunked, lone line ends. Pure.
 */
final class Framing {
    private Framing() {}

    /** Null: nothing. The connection is of no use after a refusal. */
    static @Nullable Refusal problem(HttpRequest head) {
        HttpVersion version = head.protocolVersion();
        if (!version.equals(HttpVersion.HTTP_1_1) && !version.equals(HttpVersion.HTTP_1_0)) {
            return new Refusal(
                    505, "invalid_request_error", "http_version_not_supported", "expected: HTTP/1.1 or HTTP/1.0", 0);
        }
        int hosts = head.headers().getAll(HttpHeaderNames.HOST).size();
        boolean needed = version.equals(HttpVersion.HTTP_1_1);
        if (hosts > 1 || needed && hosts == 0) {
            return Refusal.invalid("invalid_http", "the request has " + hosts + " Host fields (expected: 1)");
        }
        List<String> codings = head.headers().getAll(HttpHeaderNames.TRANSFER_ENCODING);
        boolean chunked = codings.size() == 1 && codings.get(0).strip().equalsIgnoreCase("chunked");
        return codings.isEmpty() || chunked
                ? null
                : new Refusal(
                        501,
                        "invalid_request_error",
                        "transfer_coding_not_supported",
                        "the only transfer coding that is understood here is chunked",
                        0);
    }
}
