// SPDX-License-Identifier: MIT
package io.goinfer.tunnel.wire;

import io.goinfer.tunnel.frame.Code;
import io.goinfer.tunnel.frame.Frame;
import io.goinfer.tunnel.frame.FrameException;

/** One exchange stream. Confined to the wire's loop. */
public interface WireStream {
    /** What the other side did. */
    interface Events {
        void onFrame(Frame.Exchange frame);

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

    /** Ends our direction in order. */
    void finish();

    /** Ends both directions at once, whatever is queued. */
    void cancel(Code code);

    /** Stops the other side's direction only: what it still sends is not wanted. */
    void stopReading(Code code);

    /** False while the transport holds enough of ours. */
    boolean isWritable();
}
