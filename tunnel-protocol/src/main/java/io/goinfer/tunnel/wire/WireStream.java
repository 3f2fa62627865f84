// SPDX-License-Identifier: MIT
package io.goinfer.tunnel.wire;

import io.goinfer.tunnel.frame.Code;
import io.goinfer.tunnel.frame.Frame;
import io.goinfer.tunnel.frame.FrameException;
import io.netty.buffer.ByteBuf;

/** One exchange stream. Confined to the wire's loop. */
public interface WireStream {
    /** What the other side did. */
    interface Events {
        void onFrame(Frame.Exchange frame);

        /** Body bytes beside the stream, at their place in the direction's body (PROTOCOL.md §6.11). Takes ownership. */
        void onCopy(long offset, ByteBuf content);

        /** The other side ended its direction in order. */
        void onFinish();

        /** The other side cancelled, or the stream died with its wire. */
        void onCancel(Code code);

        /** The other side broke the framing. Nothing more is read. */
        void onBroken(FrameException cause);

        /** {@link #isWritable()} became true again. */
        void onWritable();

        /** A batch of frames was delivered. */
        void onReadComplete();
    }

    /** Queued in order; dropped and released if the stream is finished or cancelled. */
    void send(Frame.Exchange frame);

    /** The next {@link #send} has these body bytes, at this offset of the direction's body: they may go out beside it as well. Borrows. */
    default void copy(long offset, ByteBuf content) {}

    /** Ends our direction in order. */
    void finish();

    /** Ends both directions at once, whatever is queued. */
    void cancel(Code code);

    /** Stops the other side's direction only: what it still sends is not wanted. */
    void stopReading(Code code);

    /** False while the transport holds enough of ours. */
    boolean isWritable();
}
