// SPDX-License-Identifier: MIT
package io.goinfer.tunnel.frame;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.ByteBufUtil;
import java.nio.charset.StandardCharsets;
import java.util.List;

/** Frames to bytes. Takes ownership of a frame's buffer. */
public final class FrameEncoder {
    static final int HEADER_BYTES = 5;
    private static final int MAX_STRING_BYTES = 0xffff;

    private FrameEncoder() {}

    /**
     * One frame as one direct buffer.
     *
     * @throws FrameException HEAD_TOO_LARGE if the frame would pass its limit; nothing is leaked
     */
    public static ByteBuf encode(Frame frame, ByteBufAllocator allocator) {
        ByteBuf out = allocator.directBuffer(256);
        boolean done = false;
        try {
            encode(frame, out);
            done = true;
            return out;
        } finally {
            if (!done) {
                out.release();
            }
        }
    }

    /**
     * Appends one frame. DATA is copied: QUIC copies it once more anyway, and one buffer is one write.
     *
     * @throws FrameException HEAD_TOO_LARGE if the frame would pass its limit; {@code out} is as before
     */
    public static void encode(Frame frame, ByteBuf out) {
        encode(frame, out, false, 0);
    }

    /** The same with a stream id, as it travels over TCP: PROTOCOL.md §3. */
    public static void encode(Frame frame, int stream, ByteBuf out) {
        encode(frame, out, true, stream);
    }

    private static void encode(Frame frame, ByteBuf out, boolean multiplexed, int stream) {
        int start = out.writerIndex();
        boolean done = false;
        try {
            out.writeByte(frame.type().number()).writeByte(0).writeMedium(0);
            if (multiplexed) {
                out.writeInt(stream);
            }
            int payload = out.writerIndex();
            int flags = writePayload(frame, out);
            int length = out.writerIndex() - payload;
            if (length > frame.type().maxPayload()) {
                throw new FrameException(
                        Code.HEAD_TOO_LARGE,
                        frame.type() + ": " + length + " bytes (expected: <= "
                                + frame.type().maxPayload() + ")");
            }
            out.setByte(start + 1, flags);
            out.setMedium(start + 2, length);
            done = true;
        } finally {
            if (!done) {
                out.writerIndex(start);
            }
        }
    }

    /** Writes the payload and returns the flags. */
    private static int writePayload(Frame frame, ByteBuf out) {
        if (frame instanceof Frame.Data data) {
            writeOpaque(data.content(), out);
            return (data.end() ? Frame.END : 0) | (data.bulk() ? Frame.BULK : 0);
        }
        if (frame instanceof Frame.Credit credit) {
            return writeCredit(credit, out);
        }
        if (frame instanceof Frame.CreditExchange credit) {
            credit.exchange().write(out);
            return writeCredit(credit.credit(), out);
        }
        if (frame instanceof Frame.Resume resume) {
            return writeResume(resume, out);
        }
        if (frame instanceof Frame.ResumeOk ok) {
            return writeResumeOk(ok, out);
        }
        if (frame instanceof Frame.Exchange exchange) {
            return writeExchange(exchange, out);
        }
        writeControl((Frame.Control) frame, out);
        return 0;
    }

    private static int writeCredit(Frame.Credit credit, ByteBuf out) {
        out.writeLong(credit.consumed()).writeLong(credit.limit());
        return (credit.head() ? Frame.CREDIT_HEAD : 0) | (credit.end() ? Frame.CREDIT_END : 0);
    }

    private static int writeExchange(Frame.Exchange frame, ByteBuf out) {
        if (frame instanceof Frame.Request request) {
            request.exchange().write(out);
            out.writeByte(request.kind()).writeLong(request.order()).writeInt(request.responseCredit());
            writeFields(request.fields(), out);
            return request.end() ? Frame.END : 0;
        }
        if (frame instanceof Frame.Response response) {
            out.writeShort(response.status());
            writeFields(response.fields(), out);
            return response.end() ? Frame.END : 0;
        }
        if (frame instanceof Frame.Trailers trailers) {
            writeFields(trailers.fields(), out);
            return Frame.END;
        }
        if (frame instanceof Frame.Info info) {
            out.writeShort(info.status());
            writeFields(info.fields(), out);
            return 0;
        }
        Frame.Reset reset = (Frame.Reset) frame;
        out.writeInt(reset.code().number());
        writeString(Text.reason(reset.reason()), out);
        return 0;
    }

    private static void writeControl(Frame.Control frame, ByteBuf out) {
        if (frame instanceof Frame.Ping ping) {
            out.writeLong(ping.sequence()).writeByte(ping.suspect() ? 1 : 0);
        } else if (frame instanceof Frame.Pong pong) {
            out.writeLong(pong.sequence()).writeByte(pong.suspect() ? 1 : 0);
        } else if (frame instanceof Frame.Models models) {
            writeOpaque(models.payload(), out);
        } else if (frame instanceof Frame.Load load) {
            writeOpaque(load.payload(), out);
        } else if (frame instanceof Frame.ResetExchange reset) {
            reset.exchange().write(out);
            out.writeInt(reset.code().number());
            writeString(Text.reason(reset.reason()), out);
        } else if (frame instanceof Frame.GoAway away) {
            out.writeInt(away.code().number()).writeInt((int) away.drainMillis());
            writeString(Text.reason(away.reason()), out);
        } else if (frame instanceof Frame.HelloReject reject) {
            out.writeInt(reject.code().number()).writeInt((int) reject.retryAfterMillis());
            writeString(Text.reason(reject.reason()), out);
        } else if (frame instanceof Frame.HelloOk ok) {
            out.writeByte(ok.version()).writeLong(ok.features()).writeInt(ok.maxStreams());
            out.writeInt(ok.floor());
            ok.bootToken().write(out);
            ok.relay().write(out);
            writeString(ok.name(), out);
            writeString(ok.software(), out);
        } else {
            writeHello((Frame.Hello) frame, out);
        }
    }

    private static int writeResume(Frame.Resume resume, ByteBuf out) {
        out.writeLong(resume.order()).writeShort(resume.ranges().size());
        for (Frame.Range range : resume.ranges()) {
            out.writeInt((int) range.session()).writeLong(range.after()).writeLong(range.upTo());
        }
        out.writeShort(resume.wanted().size());
        for (Frame.Wanted wanted : resume.wanted()) {
            wanted.exchange().write(out);
            out.writeByte(wanted.head() ? 1 : 0).writeLong(wanted.received()).writeLong(wanted.limit());
        }
        return resume.more() ? Frame.MORE : 0;
    }

    private static int writeResumeOk(Frame.ResumeOk ok, ByteBuf out) {
        out.writeLong(ok.order()).writeShort(ok.answers().size());
        for (Frame.Answer answer : ok.answers()) {
            answer.exchange().write(out);
            out.writeByte(answer.verdict().number()).writeByte(answer.end() ? 2 : 0);
            out.writeInt(answer.code().number()).writeLong(answer.received()).writeLong(answer.limit());
        }
        return ok.more() ? Frame.MORE : 0;
    }

    private static void writeHello(Frame.Hello hello, ByteBuf out) {
        out.writeByte(hello.minVersion()).writeByte(hello.maxVersion()).writeLong(hello.features());
        hello.instance().write(out);
        out.writeLong(hello.epoch()).writeByte(hello.lane()).writeInt((int) hello.number());
        out.writeInt(hello.maxStreams()).writeInt(hello.floor());
        writeString(hello.name(), out);
        writeString(hello.software(), out);
    }

    private static void writeOpaque(ByteBuf payload, ByteBuf out) {
        try {
            out.writeBytes(payload, payload.readerIndex(), payload.readableBytes());
        } finally {
            payload.release();
        }
    }

    private static void writeFields(List<Field> fields, ByteBuf out) {
        if (fields.size() > FrameDecoder.MAX_FIELDS) {
            throw new FrameException(Code.HEAD_TOO_LARGE, "fields: " + fields.size() + " (expected: <= 256)");
        }
        out.writeShort(fields.size());
        for (Field field : fields) {
            writeString(field.name(), out);
            writeString(field.value(), out);
        }
    }

    private static void writeString(String value, ByteBuf out) {
        int at = out.writerIndex();
        out.writeShort(0);
        int length = ByteBufUtil.utf8MaxBytes(value) <= MAX_STRING_BYTES
                ? ByteBufUtil.writeUtf8(out, value)
                : writeLong(value, out);
        out.setShort(at, length);
    }

    private static int writeLong(String value, ByteBuf out) {
        byte[] bytes = value.getBytes(StandardCharsets.UTF_8);
        if (bytes.length > MAX_STRING_BYTES) {
            throw new FrameException(Code.HEAD_TOO_LARGE, "string: " + bytes.length + " bytes (expected: <= 65535)");
        }
        out.writeBytes(bytes);
        return bytes.length;
    }
}
