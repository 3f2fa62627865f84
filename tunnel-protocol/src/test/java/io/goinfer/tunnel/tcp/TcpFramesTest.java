// SPDX-License-Identifier: MIT
package io.goinfer.tunnel.tcp;

import static org.assertj.core.api.Assertions.assertThat;

import io.goinfer.tunnel.frame.Code;
import io.goinfer.tunnel.frame.Frame;
import io.goinfer.tunnel.frame.FrameEncoder;
import io.goinfer.tunnel.frame.FrameException;
import io.goinfer.tunnel.frame.Id;
import io.goinfer.tunnel.wire.Wire;
import io.goinfer.tunnel.wire.WireStream;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.channel.embedded.EmbeddedChannel;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** A node's wire against bytes that somebody sends it. */
class TcpFramesTest {
    private static final Pattern EXAMPLE = Pattern.compile("```hex-tcp (\\w+)\\n(.*?)```", Pattern.DOTALL);

    private final List<String> log = new ArrayList<>();
    private final EmbeddedChannel channel = new EmbeddedChannel();
    private final TcpWire wire = TcpWire.over(channel, false);

    TcpFramesTest() {
        wire.events(new Wire.Events() {
            @Override
            public void onControl(Frame.Control frame) {
                log.add(frame.type().name());
                Frame.release(frame);
            }

            @Override
            public WireStream.@Nullable Events onStream(WireStream stream) {
                return new Stream(((TcpStream) stream).id());
            }

            @Override
            public void onClosed(Code code, String reason) {
                log.add("closed " + code);
            }
        });
    }

    private final class Stream implements WireStream.Events {
        private final int id;

        Stream(int id) {
            this.id = id;
        }

        @Override
        public void onFrame(Frame.Exchange frame) {
            log.add(id + " " + frame.type());
            Frame.release(frame);
        }

        @Override
        public void onCopy(long offset, ByteBuf content) {
            content.release();
            log.add(id + " copy");
        }

        @Override
        public void onFinish() {
            log.add(id + " finish");
        }

        @Override
        public void onCancel(Code code) {
            log.add(id + " cancel " + code);
        }

        @Override
        public void onBroken(FrameException cause) {
            log.add(id + " broken");
        }

        @Override
        public void onWritable() {}

        @Override
        public void onReadComplete() {}
    }

    private static ByteBuf request(int stream) {
        ByteBuf out = Unpooled.buffer();
        FrameEncoder.encode(Frame.Request.of(new Id(1, stream), List.of(), false), stream, out);
        return out;
    }

    private static ByteBuf data(int stream, int size) {
        ByteBuf out = Unpooled.buffer();
        FrameEncoder.encode(new Frame.Data(Unpooled.wrappedBuffer(new byte[size]), false, false), stream, out);
        return out;
    }

    private static ByteBuf hex(String text) {
        return Unpooled.wrappedBuffer(HexFormat.of().parseHex(text.replaceAll("#.*|\\s", "")));
    }

    @Property(tries = 50)
    void readsTheSameHoweverTheBytesAreCut(@ForAll @IntRange(min = 1, max = 50) int step) {
        ByteBuf bytes = Unpooled.wrappedBuffer(
                request(1), data(1, 30), request(3), data(3, 0), Mark.finish(1, Unpooled.buffer()), data(1, 5));
        TcpFramesTest one = new TcpFramesTest();
        while (bytes.isReadable()) {
            one.channel.writeInbound(bytes.readRetainedSlice(Math.min(step, bytes.readableBytes())));
        }
        bytes.release();

        // What comes behind FINISH is dropped.
        assertThat(one.log).containsExactly("1 REQUEST", "1 DATA", "3 REQUEST", "3 DATA", "1 finish");
        one.channel.finishAndReleaseAll();
    }

    @Test
    void marksActOnTheirStreamOnly() {
        channel.writeInbound(request(1), request(3));
        channel.writeInbound(Mark.code(Mark.CANCEL, 1, Code.CANCELLED, Unpooled.buffer()));
        channel.writeInbound(data(1, 3), data(3, 3));

        assertThat(log).containsExactly("1 REQUEST", "3 REQUEST", "1 cancel CANCELLED", "3 DATA");
    }

    @Test
    void aFrameOverItsLimitBreaksItsStreamAndIsNotStored() {
        channel.writeInbound(request(1));
        channel.writeInbound(hex("22 00 100000 00000001"));
        for (int i = 0; i < 16; i++) {
            channel.writeInbound(Unpooled.wrappedBuffer(new byte[64 << 10]));
        }
        channel.writeInbound(request(3));

        assertThat(log).containsExactly("1 REQUEST", "1 broken", "3 REQUEST");
    }

    @Test
    void streamsThatNobodyOpenedEndTheSession() {
        channel.writeInbound(data(7, 1));

        assertThat(log).containsExactly("closed PROTOCOL");
        assertThat(channel.isOpen()).isFalse();
    }

    @Test
    void evenIdsAndControlOnAnExchangeEndOrBreak() {
        channel.writeInbound(request(1));
        channel.writeInbound(hex("06 00 000009 00000001 000000000000000100"));
        assertThat(log).containsExactly("1 REQUEST", "1 broken");

        channel.writeInbound(request(2));
        assertThat(log).last().isEqualTo("closed PROTOCOL");
    }

    @Test
    void lateFramesOfAClosedStreamAreDropped() {
        channel.writeInbound(request(5));
        channel.writeInbound(data(3, 1), data(1, 1));

        assertThat(log).containsExactly("5 REQUEST");
    }

    @Test
    void randomBytesNeverDoMoreThanEndTheSession() {
        Random random = new Random(7);
        for (int i = 0; i < 2_000; i++) {
            TcpFramesTest one = new TcpFramesTest();
            byte[] bytes = new byte[random.nextInt(300)];
            random.nextBytes(bytes);
            if (bytes.length > 9 && random.nextBoolean()) {
                ByteBuf start = request(1);
                one.channel.writeInbound(start);
                // A header that means something.
                bytes[0] = (byte) (0x20 + random.nextInt(0x14));
                bytes[2] = 0;
                bytes[3] = 0;
                bytes[5] = 0;
                bytes[6] = 0;
                bytes[7] = 0;
                bytes[8] = 1;
            }
            one.channel.writeInbound(Unpooled.wrappedBuffer(bytes));
            one.channel.checkException();
            one.channel.finishAndReleaseAll();
            assertThat(one.log).anyMatch(line -> line.startsWith("closed"));
        }
    }

    @Test
    void theDocumentsExamplesAreWhatIsSent() throws IOException {
        Matcher matcher = EXAMPLE.matcher(Files.readString(Path.of("../docs/PROTOCOL.md")));
        int count = 0;
        while (matcher.find()) {
            count++;
            ByteBuf sent = Unpooled.buffer();
            switch (matcher.group(1)) {
                case "DATA" ->
                    FrameEncoder.encode(
                            new Frame.Data(Unpooled.copiedBuffer("hi", StandardCharsets.UTF_8), true, false), 5, sent);
                case "CANCEL" -> Mark.code(Mark.CANCEL, 5, Code.CANCELLED, sent);
                default -> Mark.close(Code.REVOKED, "lost!!", sent);
            }
            assertThat(ByteBufUtil.hexDump(sent))
                    .as(matcher.group(1))
                    .isEqualTo(ByteBufUtil.hexDump(hex(matcher.group(2))));
        }
        assertThat(count).isEqualTo(3);
    }

    private void full(boolean now) {
        channel.unsafe().outboundBuffer().setUserDefinedWritability(1, !now);
    }

    @Test
    void aPeerThatDoesNotReadItsPongsMakesUsKeepOne() {
        full(true);
        for (int i = 1; i <= 100_000; i++) {
            wire.sendControl(new Frame.Pong(i, false));
        }
        channel.runPendingTasks();
        full(false);
        wire.flush();

        ByteBuf sent = channel.readOutbound();
        assertThat(ByteBufUtil.hexDump(sent)).isEqualTo("0700000009" + "00000000" + "00000000000186a0" + "00");
        sent.release();
        assertThat((ByteBuf) channel.readOutbound()).isNull();
        assertThat(wire.isOpen()).isTrue();
    }

    @Test
    void aPeerThatReadsNothingOfWhatItAskedForIsClosed() {
        full(true);
        List<Frame.Answer> answers = Collections.nCopies(
                1_000, new Frame.Answer(Id.ZERO, Frame.Verdict.UNKNOWN, false, Code.NO_ERROR, 0, 0));
        int asked = 0;
        while (wire.isOpen() && asked < 1_000) {
            asked++;
            wire.sendControl(new Frame.ResumeOk(1, answers, false));
            channel.runPendingTasks();
        }

        assertThat(asked).isBetween(100, 120);
        assertThat(log).containsExactly("closed OVERLOAD");
        channel.releaseOutbound();
    }

    @Test
    void creditsAndCancelsThatNobodyReadsAreBoundedToo() {
        full(true);
        for (int i = 0; i < 1_000_000 && wire.isOpen(); i++) {
            wire.signal(Unpooled.directBuffer(25).writeZero(25));
            channel.runPendingTasks();
        }

        assertThat(log).containsExactly("closed OVERLOAD");
        channel.releaseOutbound();
    }
}
