// SPDX-License-Identifier: MIT
package io.goinfer.proxy.http;

import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaderValues;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpVersion;

/**
 * How a client learns where an answer ends (RFC 9112 §6.3). The edge chooses it; of what a node says only a length that
 * {@link io.goinfer.proxy.upstream.Upstream.Response} vouches for is left by then. Pure.
 */
enum ResponseFraming {
    /** With its head: HEAD, 204, 304. */
    NO_BODY,
    /** Content-Length. */
    LENGTH,
    /** The last chunk. */
    CHUNKED,
    /** The connection's end, which is why a broken-off answer has to end it otherwise than a whole one: {@link Cut}. */
    CLOSE,
    /** 101: what follows is another protocol's. */
    SWITCHED;

    /** @param head its length has been checked, and transfer codings are gone */
    static ResponseFraming of(HttpMethod method, HttpVersion client, int status, HttpHeaders head) {
        if (status == 101) {
            return SWITCHED;
        }
        if (status == 204 || status == 304 || method.equals(HttpMethod.HEAD)) {
            return NO_BODY;
        }
        if (status == 205 || head.contains(HttpHeaderNames.CONTENT_LENGTH)) {
            return LENGTH;
        }
        return client.equals(HttpVersion.HTTP_1_1) ? CHUNKED : CLOSE;
    }

    /** Says so in the head. */
    void into(int status, HttpHeaders head) {
        switch (this) {
            case LENGTH -> {
                if (status == 205) {
                    head.set(HttpHeaderNames.CONTENT_LENGTH, HttpHeaderValues.ZERO);
                }
            }
            case CHUNKED -> head.set(HttpHeaderNames.TRANSFER_ENCODING, HttpHeaderValues.CHUNKED);
            case CLOSE -> head.set(HttpHeaderNames.CONNECTION, HttpHeaderValues.CLOSE);
            case SWITCHED -> head.set(HttpHeaderNames.CONNECTION, HttpHeaderValues.UPGRADE);
            case NO_BODY -> {}
        }
    }
}
