// SPDX-License-Identifier: MIT
package io.goinfer.proxy.exchange;

import io.goinfer.proxy.upstream.Refusal;
import io.netty.buffer.ByteBuf;
import io.netty.channel.EventLoop;
import io.netty.handler.codec.http.HttpHeaders;

/** The end towards the client: an HTTP connection, or on a node the relay. Confined to its loop. */
public interface Downstream {
    EventLoop loop();

    void info(int status, HttpHeaders headers);

    void head(int status, HttpHeaders headers);

    /** Takes ownership. */
    void body(ByteBuf content);

    void end(HttpHeaders trailers);

    void flush();

    /** False: what is written now waits; {@link Exchange#onDownstreamWritable} tells when not. */
    boolean isWritable();

    /** The upstream took this many bytes of the request's body. */
    void consumed(int bytes);

    /** Before the head: an answer of our own. */
    void refuse(Refusal refusal);

    /** After the head: breaks the response off so that nobody takes it for complete. {@code betweenEvents}: an event may be added. */
    void abort(Refusal refusal, boolean betweenEvents);
}
