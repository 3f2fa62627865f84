// SPDX-License-Identifier: MIT
package io.goinfer.proxy.http;

import io.goinfer.proxy.control.Call;
import io.goinfer.proxy.keys.ApiKey;
import io.goinfer.proxy.keys.Role;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.handler.codec.http.HttpContent;
import io.netty.handler.codec.http.HttpRequest;

/** A request that is answered here, while its body is collected. Owns that until {@link #call()} or {@link #drop()}. */
record SmallCall(HttpRequest head, Endpoint.Handler handler, ApiKey key, ByteBuf body) {
    static final int MAX_BODY = 16 << 10;

    SmallCall(HttpRequest head, Endpoint.Handler handler, ApiKey key) {
        this(head, handler, key, Unpooled.buffer());
    }

    /** False: too large. Takes ownership. */
    boolean add(HttpContent content) {
        ByteBuf bytes = content.content();
        boolean fits = body.readableBytes() + bytes.readableBytes() <= MAX_BODY;
        if (fits) {
            body.writeBytes(bytes);
        }
        content.release();
        return fits;
    }

    /** The whole of it. */
    Call call() {
        byte[] bytes = ByteBufUtil.getBytes(body);
        body.release();
        return Call.of(head.method().name(), head.uri(), bytes, key.role() != Role.USER);
    }

    void drop() {
        body.release();
    }
}
