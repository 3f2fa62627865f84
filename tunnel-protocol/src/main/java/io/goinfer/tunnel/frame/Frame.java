// SPDX-License-Identifier: MIT
package io.goinfer.tunnel.frame;

import io.netty.buffer.ByteBuf;
import java.util.List;
import java.util.function.Consumer;

/**
 * One frame of the tunnel. The set is closed: a new frame is a new feature bit or a new version (PROTOCOL.md §9). {@link Data}, {@link Models} and
 * {@link Load} own one reference of their buffer: whoever receives such a frame releases it or passes it on.
 */
public sealed interface Frame {
    int END = 0x01;
    int BULK = 0x02;
    int CREDIT_HEAD = 0x01;
    int CREDIT_END = 0x02;
    int MORE = 0x01;

    FrameType type();

    /** Nothing but CREDIT follows in its direction. */
    static boolean ends(Frame frame) {
        return frame instanceof Data data && data.end()
                || frame instanceof Trailers
                || frame instanceof Response response && response.end()
                || frame instanceof Request request && request.end()
                || frame instanceof Reset;
    }

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

    /** Lets {@code user} read a frame's buffer, then gives it back. */
    static void borrow(ByteBuf payload, Consumer<ByteBuf> user) {
        try {
            user.accept(payload);
        } finally {
            payload.release();
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
        /** Feature bit: copies of small DATA in datagrams, PROTOCOL.md §6.11. */
        public static final long COPIES = 1L << 0;

        @Override
        public FrameType type() {
            return FrameType.HELLO;
        }

        public Hello withFeatures(long offered) {
            return new Hello(
                    minVersion, maxVersion, offered, instance, epoch, lane, number, maxStreams, floor, name, software);
        }
    }

    record HelloOk(
            int version, long features, int maxStreams, int floor, Id bootToken, Id relay, String name, String software)
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

    /** What the relay still wants of these ranges. {@code order} is its place among all that the relay opened and resumed: PROTOCOL.md §6.10. */
    record Resume(long order, List<Range> ranges, List<Wanted> wanted, boolean more) implements Control {
        @Override
        public FrameType type() {
            return FrameType.RESUME;
        }
    }

    /** The exchanges of one session whose order is above {@code after} and at most {@code upTo}. */
    record Range(long session, long after, long upTo) {
        public boolean covers(long ofSession, long order) {
            return session == ofSession && order > after && order <= upTo;
        }
    }

    /** One exchange of {@link Resume}: what the relay has of the response. */
    record Wanted(Id exchange, boolean head, long received, long limit) {}

    /** Answers the {@link Resume} of this order, frame by frame. */
    record ResumeOk(long order, List<Answer> answers, boolean more) implements Control {
        @Override
        public FrameType type() {
            return FrameType.RESUME_OK;
        }
    }

    /** One exchange of {@link ResumeOk}: what the node has of the request. {@code code} says why it ended. */
    record Answer(Id exchange, Verdict verdict, boolean end, Code code, long received, long limit) {}

    /** What the node says to one {@link Wanted}. */
    enum Verdict {
        CONTINUE(0),
        UNKNOWN(1),
        ENDED(2);

        private final int number;

        Verdict(int number) {
            this.number = number;
        }

        int number() {
            return number;
        }

        static Verdict of(int number) {
            for (Verdict verdict : values()) {
                if (verdict.number == number) {
                    return verdict;
                }
            }
            throw new FrameException(Code.PROTOCOL, "RESUME_OK: answer " + number);
        }
    }

    /** @param order its place among all that the relay opened and resumed; of kind continue: that of the {@link Resume} */
    record Request(Id exchange, int kind, long order, int responseCredit, List<Field> fields, boolean end)
            implements Exchange {
        /** A new one; the session that it is opened in says the rest. */
        public static Request of(Id exchange, List<Field> fields, boolean end) {
            return new Request(exchange, 0, 0, 0, fields, end);
        }

        /** {@link #kind} of an exchange that ran in another session. */
        public static final int CONTINUE = 1;

        @Override
        public FrameType type() {
            return FrameType.REQUEST;
        }

        /** The same exchange in another session; its head is there already. */
        public Request continued(long resume, boolean nothingLeft) {
            return new Request(exchange, CONTINUE, resume, 0, List.of(), nothingLeft);
        }

        public Request opened(long at, int credit) {
            return new Request(exchange, kind, at, credit, fields, end);
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
