// SPDX-License-Identifier: MIT
package io.goinfer.tunnel.frame;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class FrameDecoderTest {
    private final FrameDecoder decoder = new FrameDecoder(FrameType.Scope.EXCHANGE, ByteBufAllocator.DEFAULT);

    @Property(tries = 300)
    void readsTheSameFramesHoweverTheBytesAreCut(@ForAll @IntRange(min = 1, max = 40) int step, @ForAll long seed) {
        List<Frame> sent = sample(new Random(seed));
        ByteBuf wire = Unpooled.buffer();
        for (Frame frame : sent) {
            ByteBuf encoded = FrameEncoder.encode(frame, ByteBufAllocator.DEFAULT);
            wire.writeBytes(encoded);
            encoded.release();
        }

        List<String> got = new ArrayList<>();
        while (wire.isReadable()) {
            decoder.read(wire.readRetainedSlice(Math.min(step, wire.readableBytes())), frame -> got.add(text(frame)));
        }
        wire.release();

        assertThat(got).isEqualTo(expected(new Random(seed)));
        assertThat(decoder.pendingBytes()).isZero();
    }

    private static List<String> expected(Random random) {
        List<String> texts = new ArrayList<>();
        sample(random).forEach(frame -> texts.add(text(frame)));
        return texts;
    }

    private static List<Frame> sample(Random random) {
        List<Frame> frames = new ArrayList<>();
        for (int i = 0; i < 5; i++) {
            byte[] body = new byte[random.nextInt(200)];
            random.nextBytes(body);
            frames.add(new Frame.Data(Unpooled.copiedBuffer(body), random.nextBoolean(), random.nextBoolean()));
            frames.add(
                    new Frame.Credit(random.nextBoolean(), false, random.nextInt(1000), 1000 + random.nextInt(1000)));
            frames.add(new Frame.Response(200 + random.nextInt(300), List.of(new Field("x-a", "ü" + i)), false));
            frames.add(new Frame.Reset(Code.BACKEND_RESET, "gone " + i));
        }
        return frames;
    }

    /** Also releases. */
    private static String text(Frame frame) {
        if (frame instanceof Frame.Data data) {
            String text = "DATA " + data.end() + data.bulk() + ByteBufUtil.hexDump(data.content());
            data.content().release();
            return text;
        }
        return frame.toString();
    }

    @Property(tries = 2000)
    void garbageGivesFramesOrAFrameExceptionAndNothingElse(
            @ForAll @Size(max = 300) byte[] garbage, @ForAll boolean control) {
        FrameDecoder fresh = new FrameDecoder(
                control ? FrameType.Scope.CONTROL : FrameType.Scope.EXCHANGE, ByteBufAllocator.DEFAULT);
        try {
            fresh.read(Unpooled.copiedBuffer(garbage), frame -> {
                if (frame instanceof Frame.Models models) {
                    models.payload().release();
                } else if (frame instanceof Frame.Load load) {
                    load.payload().release();
                } else {
                    text(frame);
                }
            });
        } catch (FrameException e) {
            assertThat(e.reason()).isNotEmpty();
        } finally {
            fresh.close();
        }
    }

    /** A switch of protocols is a last response; as an interim one it would let the rest of the stream pass for HTTP. */
    @Test
    void switchingProtocolsIsNoInterimResponse() {
        List<Frame> got = new ArrayList<>();

        decoder.read(Unpooled.copiedBuffer(ByteBufUtil.decodeHexDump("210000000400650000")), got::add);

        assertThat(got).containsExactly(new Frame.Response(101, List.of(), false));
        for (String refused : List.of("260000000400650000", "210000000400660000", "210000000402580000")) {
            assertThatThrownBy(
                            () -> decoder.read(Unpooled.copiedBuffer(ByteBufUtil.decodeHexDump(refused)), frame -> {}))
                    .isInstanceOf(FrameException.class)
                    .hasMessageContaining("status");
        }
    }

    @ParameterizedTest
    @CsvSource({
        "22004001, DATA",
        "25001001, RESET",
        "24000011, CREDIT",
        "20010001, REQUEST",
        "21010001, RESPONSE",
        "26010001, INFO"
    })
    void refusesAnOversizedFrameBeforeItsPayloadArrives(String header, String type) {
        ByteBuf in =
                Unpooled.copiedBuffer(ByteBufUtil.decodeHexDump(header.substring(0, 2) + "00" + header.substring(2)));

        assertThatThrownBy(() -> decoder.read(in, frame -> {}))
                .isInstanceOf(FrameException.class)
                .hasMessageContaining(type)
                .hasMessageContaining("expected: <=");
    }

    @Test
    void skipsAnUnknownOptionalFrameAndRefusesAnUnknownOther() {
        List<Frame> got = new ArrayList<>();
        byte[] optional = ByteBufUtil.decodeHexDump("3f80000003aabbcc" + "2500000006" + "00000005" + "0000");

        decoder.read(Unpooled.copiedBuffer(optional), got::add);

        assertThat(got).containsExactly(new Frame.Reset(Code.CANCELLED, ""));
        assertThatThrownBy(() -> decoder.read(Unpooled.copiedBuffer(ByteBufUtil.decodeHexDump("3f00000000")), got::add))
                .isInstanceOf(FrameException.class)
                .hasMessageContaining("unknown frame type: 63");
    }

    /** RFC 9110 §5.6.2: what is no token could be misread by the next hop, or be refused there. */
    @Test
    void aFieldNameIsATokenInLowerCase() {
        String token = "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyz";
        for (char c = 0; c < 0x100; c++) {
            String name = "a" + c;
            if (token.indexOf(c) >= 0) {
                assertThat(decoded(name, "v")).isEqualTo(new Field(name, "v"));
            } else {
                assertThatThrownBy(() -> decoded(name, "v"))
                        .as("character " + (int) c)
                        .isInstanceOf(FrameException.class)
                        .hasMessageContaining("field name");
            }
        }
        assertThat(decoded(":status", "v")).isEqualTo(new Field(":status", "v"));
        for (String none : List.of("", ":", "::a", ":A")) {
            assertThatThrownBy(() -> decoded(none, "v")).as(none).isInstanceOf(FrameException.class);
        }
    }

    /** RFC 9110 §5.5. */
    @Test
    void aFieldValueHasNoControlCharacterButTheTab() {
        for (char c = 0; c < 0x100; c++) {
            String value = "a" + c + "b";
            if (c < ' ' && c != '\t' || c == 0x7f) {
                assertThatThrownBy(() -> decoded("a", value))
                        .as("character " + (int) c)
                        .isInstanceOf(FrameException.class)
                        .hasMessageContaining("field value");
            } else {
                assertThat(decoded("a", value)).isEqualTo(new Field("a", value));
            }
        }
        assertThat(decoded("a", " \tv w\t ")).isEqualTo(new Field("a", "v w"));
        assertThat(decoded("a", " \t ")).isEqualTo(new Field("a", ""));
        assertThat(decoded("a", "")).isEqualTo(new Field("a", ""));
    }

    @Test
    void aResumeOfAThousandRangesAndAThousandExchangesFits() {
        List<Frame.Range> ranges = new ArrayList<>();
        List<Frame.Wanted> wanted = new ArrayList<>();
        for (int i = 1; i <= 1_000; i++) {
            ranges.add(new Frame.Range(i, i - 1, i));
            wanted.add(new Frame.Wanted(new Id(i, i), true, i, 2L * i));
        }
        Frame.Resume resume = new Frame.Resume(7, ranges, wanted, true);
        List<Frame> got = new ArrayList<>();

        new FrameDecoder(FrameType.Scope.CONTROL, ByteBufAllocator.DEFAULT)
                .read(FrameEncoder.encode(resume, ByteBufAllocator.DEFAULT), got::add);

        assertThat(got).containsExactly(resume);
    }

    @Test
    void refusesTrailersThatDoNotEnd() {
        assertThatThrownBy(() ->
                        decoder.read(Unpooled.copiedBuffer(ByteBufUtil.decodeHexDump("23000000020000")), frame -> {}))
                .hasMessageContaining("TRAILERS without END");
    }

    private static Field decoded(String name, String value) {
        ByteBuf bytes = FrameEncoder.encode(
                new Frame.Response(200, List.of(new Field(name, value)), false), ByteBufAllocator.DEFAULT);
        List<Frame> got = new ArrayList<>();
        try (FrameDecoder fresh = new FrameDecoder(FrameType.Scope.EXCHANGE, ByteBufAllocator.DEFAULT)) {
            fresh.read(bytes, got::add);
        }
        return ((Frame.Response) got.get(0)).fields().get(0);
    }

    @Test
    void refusesControlFramesOnAnExchangeStream() {
        ByteBuf ping = FrameEncoder.encode(new Frame.Ping(1, false), ByteBufAllocator.DEFAULT);

        assertThatThrownBy(() -> decoder.read(ping, frame -> {})).hasMessageContaining("PING on the EXCHANGE stream");
    }
}
