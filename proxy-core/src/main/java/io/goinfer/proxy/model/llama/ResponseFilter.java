// SPDX-License-Identifier: MIT
package io.goinfer.proxy.model.llama;

import io.goinfer.proxy.upstream.Refusal;
import io.goinfer.proxy.upstream.Upstream.Response;
import io.netty.buffer.ByteBuf;
import io.netty.handler.codec.http.HttpHeaders;
import java.util.function.IntConsumer;

/** Stands between a server's answer and who gets it. What it keeps or drops, it gives credit for itself. Confined to the exchange's loop. */
abstract class ResponseFilter implements Response {
    final Response next;

    /** Tells the server's connection that bytes were taken. */
    final IntConsumer consumed;

    ResponseFilter(Response next, IntConsumer consumed) {
        this.next = next;
        this.consumed = consumed;
    }

    /** Who gets the answer took this many bytes of it. */
    void onConsumed(int bytes) {
        consumed.accept(bytes);
    }

    /** The exchange ended early; gives back what is held. Idempotent. */
    void close() {}

    @Override
    public void onInfo(int status, HttpHeaders headers) {
        next.onInfo(status, headers);
    }

    @Override
    public void onHead(int status, HttpHeaders headers) {
        next.onHead(status, headers);
    }

    @Override
    public void onBody(ByteBuf content) {
        next.onBody(content);
    }

    @Override
    public void onEnd(HttpHeaders trailers) {
        close();
        next.onEnd(trailers);
    }

    @Override
    public void onFailed(Refusal refusal) {
        close();
        next.onFailed(refusal);
    }

    @Override
    public void onWritable() {
        next.onWritable();
    }

    @Override
    public void onBatchEnd() {
        next.onBatchEnd();
    }
}
