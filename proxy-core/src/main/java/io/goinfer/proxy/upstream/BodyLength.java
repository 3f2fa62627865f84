// SPDX-License-Identifier: MIT
package io.goinfer.proxy.upstream;

import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaders;
import java.util.List;

/** How many bytes the body of an answer has, as its head says it (RFC 9110 §6.4.1, §8.6; RFC 9112 §6.3), or why nobody can know. Pure. */
final class BodyLength {
    /** As many as come until the end is told. */
    static final long UNKNOWN = -1;

    private static final int RESET_CONTENT = 205;

    private BodyLength() {}

    /**
     * @param method of the request
     * @param head as it came, before any field is taken out
     * @return bytes that have to come; 0 also where the answer has no body whatever its head says; or {@link #UNKNOWN}
     * @throws MalformedHead where two readers could understand two lengths
     */
    static long of(String method, int status, HttpHeaders head) {
        long announced = announced(head);
        List<String> codings = head.getAll(HttpHeaderNames.TRANSFER_ENCODING);
        if (!codings.isEmpty() && announced != UNKNOWN) {
            throw new MalformedHead("content-length beside transfer-encoding (expected: one of them)");
        }
        if (!codings.isEmpty()
                && !(codings.size() == 1 && codings.get(0).strip().equalsIgnoreCase("chunked"))) {
            throw new MalformedHead("transfer-encoding " + MalformedHead.shown(String.join(", ", codings))
                    + " (expected: chunked, once)");
        }
        boolean bare = hasNoLength(status);
        if ((bare || status == RESET_CONTENT) && announced > 0) {
            throw new MalformedHead("status " + status + " with content-length " + announced + " (expected: no body)");
        }
        boolean empty = bare || status == RESET_CONTENT || status == 304 || method.equals("HEAD");
        return empty ? 0 : announced;
    }

    /** Its head never says a length: RFC 9110 §8.6. */
    static boolean hasNoLength(int status) {
        return status < 200 || status == 204;
    }

    /** What Content-Length says, digits and nothing else; {@link #UNKNOWN}: there is none. */
    static long announced(HttpHeaders head) {
        List<String> values = head.getAll(HttpHeaderNames.CONTENT_LENGTH);
        if (values.isEmpty()) {
            return UNKNOWN;
        }
        String value = values.get(0);
        boolean digits = values.size() == 1 && !value.isEmpty();
        for (int i = 0; i < value.length() && digits; i++) {
            digits = value.charAt(i) >= '0' && value.charAt(i) <= '9';
        }
        try {
            if (digits) {
                return Long.parseLong(value);
            }
        } catch (NumberFormatException e) {
            // Beyond 63 bits: as any other that is no length.
        }
        throw new MalformedHead("content-length " + MalformedHead.shown(String.join(", ", values))
                + " (expected: one number below 2^63)");
    }
}
