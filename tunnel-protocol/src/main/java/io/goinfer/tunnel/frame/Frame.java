// SPDX-License-Identifier: MIT
package io.goinfer.tunnel.frame;

import io.netty.buffer.ByteBuf;
import java.util.List;

/**
 * One frame of the tunnel. The set is closed: a new frame is a new feature bit or a new version (PROTOCOL.md §9). {@link Data}, {@link Models} and
 * {@link Load} own one reference of their buffer: whoever receives such a frame releases it or passes it on.
 */
public sealed interface Frame {
    int END = 0x01;
    int BULK = 0x02;
    int CREDIT_HEAD = 0x01;
    int CREDIT_END = 0x02;

    FrameType type();

    /** Gives back the buffer of a frame that nobody takes. */
    static void release(Frame frame) {
        if (frame instanceof Data data) {
            data.content().release();
        } else if (frame instanceof Models models) {
            models.payload().release();
        } else if (frame instanceof Load load) {
            load.payload().release();
        }
    }

    /** Frames of the control stream. */
    sealed interface Control extends Frame {}

    /** Frames of an exchange stream. */
    sealed interface Exchange extends Frame {}

    record Hello(
            int minVersion,
            int maxVersion,
            long features,
            Id instance,
            long epoch,
            int lane,
            long number,
            int maxStreams,
            int floor,
            String name,
            String software)
            implements Control {
        @Override
        public FrameType type() {
            return FrameType.HELLO;
        }
    }

    record HelloOk(int version, long features, int maxStreams, int floor, Id bootToken, String name, String software)
            implements Control {
        @Override
        public FrameType type() {
            return FrameType.HELLO_OK;
        }
    }

    record HelloReject(Code code, long retryAfterMillis, String reason) implements Control {
        @Override
        public FrameType type() {
            return FrameType.HELLO_REJECT;
        }
    }

    /** The node's catalog, opaque here. */
    record Models(ByteBuf payload) implements Control {
        @Override
        public FrameType type() {
            return FrameType.MODELS;
        }
    }

    /** The node's load, opaque here. */
    record Load(ByteBuf payload) implements Control {
        @Override
        public FrameType type() {
            return FrameType.LOAD;
        }
    }

    record Ping(long sequence, boolean suspect) implements Control {
        @Override
        public FrameType type() {
            return FrameType.PING;
        }
    }

    record Pong(long sequence, boolean suspect) implements Control {
        @Override
        public FrameType type() {
            return FrameType.PONG;
        }
    }

    record GoAway(Code code, long drainMillis, String reason) implements Control {
        @Override
        public FrameType type() {
            return FrameType.GOAWAY;
        }
    }

    record ResetExchange(Id exchange, Code code, String reason) implements Control {
        @Override
        public FrameType type() {
            return FrameType.RESET_EXCHANGE;
        }
    }

    /** {@link Credit} of the relay: its own direction of the exchange stream may have ended already. */
    record CreditExchange(Id exchange, Credit credit) implements Control {
        @Override
        public FrameType type() {
            return FrameType.CREDIT_EXCHANGE;
        }
    }

    record Request(
            Id exchange,
            int kind,
            boolean bulk,
            boolean replayable,
            long remainingMillis,
            int responseCredit,
            List<Field> fields,
            boolean end)
            implements Exchange {
        @Override
        public FrameType type() {
            return FrameType.REQUEST;
        }

        public Request withCredit(int credit) {
            return new Request(exchange, kind, bulk, replayable, remainingMillis, credit, fields, end);
        }
    }

    record Response(int status, List<Field> fields, boolean end) implements Exchange {
        @Override
        public FrameType type() {
            return FrameType.RESPONSE;
        }
    }

    record Data(ByteBuf content, boolean end, boolean bulk) implements Exchange {
        @Override
        public FrameType type() {
            return FrameType.DATA;
        }
    }

    record Trailers(List<Field> fields) implements Exchange {
        @Override
        public FrameType type() {
            return FrameType.TRAILERS;
        }
    }

    record Credit(boolean head, boolean end, long consumed, long limit) implements Exchange {
        @Override
        public FrameType type() {
            return FrameType.CREDIT;
        }
    }

    record Reset(Code code, String reason) implements Exchange {
        @Override
        public FrameType type() {
            return FrameType.RESET;
        }
    }

    record Info(int status, List<Field> fields) implements Exchange {
        @Override
        public FrameType type() {
            return FrameType.INFO;
        }
    }
}
