// SPDX-License-Identifier: MIT
package io.goinfer.proxy.upstream;

import io.netty.buffer.ByteBuf;
import io.netty.channel.EventLoop;
import io.netty.handler.codec.http.HttpHeaders;
import org.jspecify.annotations.Nullable;

/** A way to a model: a backend of this process or a node's tunnel. Thread-safe; what it opens is confined to the given loop. */
public interface Upstream {
    /** False: new exchanges would fail or wait now. */
    boolean accepts();

    /** True if it does not accept because it is full, not because it is gone. */
    boolean full();

    /** The process that would get a request now; the same object, or one that is equal, until another takes its place. Null: it has only the one, or is away. */
    default @Nullable Object process() {
        return null;
    }

    /** The way to what this owner answers itself (PROTOCOL.md §6.9); null: it is of this process. */
    default @Nullable Upstream control() {
        return null;
    }

    /**
     * Sends the head and returns the stream for the body. Never throws; failures come as {@link Response#onFailed}. Every event is on {@code loop}, none
     * before this method has returned.
     */
    Stream open(RequestHead head, String modelId, EventLoop loop, Response response);

    /** The request direction. On the exchange's loop. */
    interface Stream {
        /** Takes ownership. */
        void body(ByteBuf content);

        /** @param trailers filtered; lost where the next hop has no place for them */
        void end(HttpHeaders trailers);

        void flush();

        /** False: hold the body back until {@link Response#onWritable}. */
        boolean isWritable();

        /** True while nothing can be sent because the model is not there yet: the body may be read on, so that a client that leaves is seen. */
        default boolean isWaiting() {
            return false;
        }

        /** The downstream took this many bytes of the response. */
        void consumed(int bytes);

        /** Ends both directions at once. No event follows. */
        void cancel();

        /** Where it went: as {@link Upstream#process}. */
        default @Nullable Object process() {
            return null;
        }
    }

    /** The response direction. On the exchange's loop; ends with {@link #onEnd} or {@link #onFailed}. */
    interface Response {
        void onInfo(int status, HttpHeaders headers);

        void onHead(int status, HttpHeaders headers);

        /** Takes ownership. */
        void onBody(ByteBuf content);

        void onEnd(HttpHeaders trailers);

        void onFailed(Refusal refusal);

        void onWritable();

        /** The way to the model is lost for now; the exchange may go on. */
        default void onDetached() {}

        /** It goes on where it stood. */
        default void onResumed() {}

        /** What came is to be flushed now. */
        void onBatchEnd();
    }
}
