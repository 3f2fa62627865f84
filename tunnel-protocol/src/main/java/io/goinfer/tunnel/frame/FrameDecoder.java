// SPDX-License-Identifier: MIT
package io.goinfer.tunnel.frame;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.util.ByteProcessor;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Bytes of one stream to frames, limits first (PROTOCOL.md §4). Holds the partial frame: one per stream, confined to the stream's event loop, closed
 * with it. After it threw it is broken: drop all further input.
 */
public final class FrameDecoder implements AutoCloseable {
    static final int MAX_FIELDS = 256;
    private static final int OPTIONAL = 0x80;

    /** Characters of a token (RFC 9110 §5.6.2), but for upper case. */
    private static final boolean[] NAME = new boolean[0x80];

    static {
        for (char c : "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyz".toCharArray()) {
            NAME[c] = true;
        }
    }

    private final FrameType.Scope scope;
    private final ByteBufAllocator allocator;
    private @Nullable ByteBuf partial;
    private int skip;
    private boolean closed;

    public FrameDecoder(FrameType.Scope scope, ByteBufAllocator allocator) {
        this.scope = scope;
        this.allocator = allocator;
    }

    /**
     * Reads all of {@code in} and releases it. The sink owns the frames it gets; it may close this decoder.
     *
     * @throws FrameException when the peer broke the protocol; frames before it were delivered
     */
    public void read(ByteBuf in, Consumer<Frame> sink) {
        ByteBuf buffer = in;
        boolean keep = false;
        try {
            if (closed) {
                return;
            }
            if (partial != null) {
                buffer = partial.writeBytes(in);
                partial = null;
                in.release();
            }
            while (!closed && next(buffer, sink)) {}
            if (!closed && buffer.isReadable()) {
                // A partial frame grows in place: it was made large enough for the whole of it.
                keep = buffer != in && buffer.readerIndex() == 0;
                partial = keep ? buffer : keepRest(buffer);
            }
        } finally {
            if (!keep) {
                buffer.release();
            }
        }
    }

    /** Bytes of a frame that has not fully arrived. */
    public int pendingBytes() {
        return partial == null ? 0 : partial.readableBytes();
    }

    @Override
    public void close() {
        closed = true;
        if (partial != null) {
            partial.release();
            partial = null;
        }
    }

    private ByteBuf keepRest(ByteBuf buffer) {
        ByteBuf rest = allocator.buffer(Math.max(256, frameBytes(buffer)));
        return rest.writeBytes(buffer);
    }

    private static int frameBytes(ByteBuf buffer) {
        return buffer.readableBytes() < FrameEncoder.HEADER_BYTES
                ? 0
                : FrameEncoder.HEADER_BYTES + buffer.getUnsignedMedium(buffer.readerIndex() + 2);
    }

    private boolean next(ByteBuf in, Consumer<Frame> sink) {
        if (skip > 0) {
            int step = Math.min(skip, in.readableBytes());
            in.skipBytes(step);
            skip -= step;
        }
        if (in.readableBytes() < FrameEncoder.HEADER_BYTES) {
            return false;
        }
        int number = in.getUnsignedByte(in.readerIndex());
        int flags = in.getUnsignedByte(in.readerIndex() + 1);
        int length = in.getUnsignedMedium(in.readerIndex() + 2);
        FrameType type = FrameType.of(number);
        if (type == null) {
            skipUnknown(in, number, flags, length);
            return true;
        }
        if (type.scope() != scope) {
            throw new FrameException(Code.PROTOCOL, type + " on the " + scope + " stream");
        }
        // Fail before the payload arrives: a hostile length must not make us store it.
        if (length > type.maxPayload()) {
            throw new FrameException(
                    Code.PROTOCOL, type + ": " + length + " bytes (expected: <= " + type.maxPayload() + ")");
        }
        if (in.readableBytes() < FrameEncoder.HEADER_BYTES + length) {
            return false;
        }
        in.skipBytes(FrameEncoder.HEADER_BYTES);
        sink.accept(decode(type, flags, in.readSlice(length)));
        return true;
    }

    private void skipUnknown(ByteBuf in, int number, int flags, int length) {
        if ((flags & OPTIONAL) == 0 || length > FrameType.MAX_UNKNOWN_PAYLOAD) {
            throw new FrameException(Code.PROTOCOL, "unknown frame type: " + number);
        }
        in.skipBytes(FrameEncoder.HEADER_BYTES);
        skip = length;
    }

    /**
     * One frame from its whole payload, which is borrowed; the frame is the caller's.
     *
     * @throws FrameException when the peer broke the protocol
     */
    public static Frame decode(FrameType type, int flags, ByteBuf in) {
        boolean end = (flags & Frame.END) != 0;
        try {
            Frame frame = switch (type) {
                case DATA -> new Frame.Data(in.readRetainedSlice(in.readableBytes()), end, (flags & Frame.BULK) != 0);
                case CREDIT -> credit(in, flags);
                case CREDIT_EXCHANGE -> new Frame.CreditExchange(Id.read(in), credit(in, flags));
                case MODELS -> new Frame.Models(in.readRetainedSlice(in.readableBytes()));
                case LOAD -> new Frame.Load(in.readRetainedSlice(in.readableBytes()));
                case PING -> new Frame.Ping(in.readLong(), in.readByte() != 0);
                case PONG -> new Frame.Pong(in.readLong(), in.readByte() != 0);
                case REQUEST -> request(in, end);
                case RESPONSE -> new Frame.Response(status(in, true), fields(in), end);
                case INFO -> new Frame.Info(status(in, false), fields(in));
                case TRAILERS -> trailers(in, end);
                case RESET -> new Frame.Reset(Code.of(in.readUnsignedInt()), reason(in));
                case RESET_EXCHANGE -> new Frame.ResetExchange(Id.read(in), Code.of(in.readUnsignedInt()), reason(in));
                case GOAWAY -> new Frame.GoAway(Code.of(in.readUnsignedInt()), in.readUnsignedInt(), reason(in));
                case HELLO_REJECT ->
                    new Frame.HelloReject(Code.of(in.readUnsignedInt()), in.readUnsignedInt(), reason(in));
                case HELLO -> hello(in);
                case HELLO_OK ->
                    new Frame.HelloOk(
                            in.readUnsignedByte(),
                            in.readLong(),
                            number(in),
                            number(in),
                            Id.read(in),
                            Id.read(in),
                            Text.label("HELLO_OK: name", string(in)),
                            Text.label("HELLO_OK: software", string(in)));
                case RESUME -> resume(in, flags);
                case RESUME_OK -> resumeOk(in, flags);
            };
            if (in.isReadable()) {
                throw new FrameException(Code.PROTOCOL, type + ": " + in.readableBytes() + " bytes too many");
            }
            return frame;
        } catch (IndexOutOfBoundsException e) {
            throw new FrameException(Code.PROTOCOL, type + ": payload too short");
        }
    }

    private static Frame.Trailers trailers(ByteBuf in, boolean end) {
        if (!end) {
            throw new FrameException(Code.PROTOCOL, "TRAILERS without END");
        }
        return new Frame.Trailers(fields(in));
    }

    private static Frame.Credit credit(ByteBuf in, int flags) {
        return new Frame.Credit(
                (flags & Frame.CREDIT_HEAD) != 0, (flags & Frame.CREDIT_END) != 0, offset(in), offset(in));
    }

    private static Frame.Hello hello(ByteBuf in) {
        return new Frame.Hello(
                in.readUnsignedByte(),
                in.readUnsignedByte(),
                in.readLong(),
                Id.read(in),
                in.readLong(),
                in.readUnsignedByte(),
                in.readUnsignedInt(),
                number(in),
                number(in),
                Text.label("HELLO: name", string(in)),
                Text.label("HELLO: software", string(in)));
    }

    private static Frame.Resume resume(ByteBuf in, int flags) {
        long order = order(in);
        List<Frame.Range> ranges = new ArrayList<>();
        for (int i = in.readUnsignedShort(); i > 0; i--) {
            ranges.add(new Frame.Range(in.readUnsignedInt(), order(in), order(in)));
        }
        List<Frame.Wanted> wanted = new ArrayList<>();
        for (int i = in.readUnsignedShort(); i > 0; i--) {
            wanted.add(new Frame.Wanted(Id.read(in), (in.readByte() & 1) != 0, offset(in), offset(in)));
        }
        return new Frame.Resume(order, ranges, wanted, (flags & Frame.MORE) != 0);
    }

    private static Frame.ResumeOk resumeOk(ByteBuf in, int flags) {
        long order = order(in);
        List<Frame.Answer> answers = new ArrayList<>();
        for (int i = in.readUnsignedShort(); i > 0; i--) {
            Id exchange = Id.read(in);
            Frame.Verdict verdict = Frame.Verdict.of(in.readUnsignedByte());
            boolean end = (in.readByte() & 2) != 0;
            Code code = Code.of(in.readUnsignedInt());
            answers.add(new Frame.Answer(exchange, verdict, end, code, offset(in), offset(in)));
        }
        return new Frame.ResumeOk(order, answers, (flags & Frame.MORE) != 0);
    }

    private static Frame.Request request(ByteBuf in, boolean end) {
        Id exchange = Id.read(in);
        int kind = in.readUnsignedByte();
        long order = order(in);
        int credit = number(in);
        if (kind > 1) {
            throw new FrameException(Code.PROTOCOL, "REQUEST: kind " + kind);
        }
        return new Frame.Request(exchange, kind, order, credit, fields(in), end);
    }

    /** 101 ends a request as any last response does: it is no interim one (RFC 9110 §15.2.2). */
    private static int status(ByteBuf in, boolean last) {
        int status = in.readUnsignedShort();
        boolean isLast = status >= 200 && status <= 599 || status == 101;
        boolean isInterim = status >= 100 && status <= 199 && status != 101;
        if (last ? !isLast : !isInterim) {
            String expected = last ? "101, or 200 to 599" : "100 to 199 but 101";
            throw new FrameException(Code.PROTOCOL, "status: " + status + " (expected: " + expected + ")");
        }
        return status;
    }

    /** A u32 of which nobody needs more than 2^31 - 1: what is above counts as that. */
    private static int number(ByteBuf in) {
        return (int) Math.min(Integer.MAX_VALUE, in.readUnsignedInt());
    }

    private static String reason(ByteBuf in) {
        return Text.reason(string(in));
    }

    /** A place in the order of an association: PROTOCOL.md §6.10. */
    private static long order(ByteBuf in) {
        long order = in.readLong();
        if (order < 0) {
            throw new FrameException(Code.PROTOCOL, "order over 2^63");
        }
        return order;
    }

    private static long offset(ByteBuf in) {
        long offset = in.readLong();
        if (offset < 0) {
            throw new FrameException(Code.FLOW_CONTROL, "offset over 2^63");
        }
        return offset;
    }

    private static List<Field> fields(ByteBuf in) {
        int count = in.readUnsignedShort();
        if (count > MAX_FIELDS) {
            throw new FrameException(Code.PROTOCOL, "fields: " + count + " (expected: <= 256)");
        }
        List<Field> fields = new ArrayList<>(count);
        for (int i = 0; i < count; i++) {
            fields.add(field(string(in), string(in)));
        }
        return fields;
    }

    /** What is no field of RFC 9110 §5 never gets past here: it could split a message on the next hop, or be no message at all. */
    private static Field field(String name, String value) {
        int start = name.startsWith(":") ? 1 : 0;
        if (name.length() == start) {
            throw new FrameException(Code.PROTOCOL, "field without a name");
        }
        for (int i = start; i < name.length(); i++) {
            char c = name.charAt(i);
            if (c >= NAME.length || !NAME[c]) {
                throw new FrameException(Code.PROTOCOL, "field name with character " + (int) c);
            }
        }
        for (int i = 0; i < value.length(); i++) {
            char c = value.charAt(i);
            if (c < ' ' && c != '\t' || c == 0x7f) {
                throw new FrameException(Code.PROTOCOL, "field value with character " + (int) c);
            }
        }
        return new Field(name, trimmed(value));
    }

    /** Blanks around a value are not part of it. */
    private static String trimmed(String value) {
        int last = value.length() - 1;
        return last < 0 || value.charAt(0) > ' ' && value.charAt(last) > ' ' ? value : value.trim();
    }

    private static String string(ByteBuf in) {
        int length = in.readUnsignedShort();
        if (length > in.readableBytes()) {
            throw new FrameException(
                    Code.PROTOCOL, "string: " + length + " bytes, " + in.readableBytes() + " are left");
        }
        if (in.forEachByte(in.readerIndex(), length, ASCII_ONLY) < 0) {
            return in.readString(length, StandardCharsets.US_ASCII);
        }
        try {
            ByteBuffer bytes = in.nioBuffer(in.readerIndex(), length);
            in.skipBytes(length);
            return StandardCharsets.UTF_8.newDecoder().decode(bytes).toString();
        } catch (CharacterCodingException e) {
            throw new FrameException(Code.PROTOCOL, "string is not UTF-8");
        }
    }

    private static final ByteProcessor ASCII_ONLY = value -> value >= 0;
}
