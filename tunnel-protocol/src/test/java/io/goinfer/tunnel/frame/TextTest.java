// SPDX-License-Identifier: MIT
package io.goinfer.tunnel.frame;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What the other side wrote and people read, and numbers without a sign. */
class TextTest {
    private static Frame.Hello hello(long epoch, String name, String software) {
        return new Frame.Hello(1, 1, 0, new Id(1, 1), epoch, 0, 1, 16, 4096, name, software);
    }

    private static Frame travel(Frame frame, FrameType type) {
        ByteBuf bytes = FrameEncoder.encode(frame, ByteBufAllocator.DEFAULT);
        try {
            return FrameDecoder.decode(type, bytes.getByte(1), bytes.skipBytes(5));
        } finally {
            bytes.release();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"two\nlines", "two\r\nlines", "red \u001b[31m", "bell\u0007", "next\u0085line", "\u007f"})
    void controlCharactersInLabelsAreRefusedAndNotRepeated(String bad) {
        for (Frame.Hello hello : List.of(hello(1, bad, "s"), hello(1, "n", bad))) {
            assertThatThrownBy(() -> travel(hello, FrameType.HELLO))
                    .isInstanceOf(FrameException.class)
                    .hasMessageContaining("with a control character")
                    .message()
                    .doesNotContain(bad);
        }
        Frame.HelloOk ok = new Frame.HelloOk(1, 0, 16, 4096, Id.ZERO, Id.ZERO, bad, "s");
        assertThatThrownBy(() -> travel(ok, FrameType.HELLO_OK)).hasMessageContaining("HELLO_OK: name");
    }

    @Test
    void labelsHave128BytesAtMost() {
        String longest = "ü".repeat(64);

        assertThat(((Frame.Hello) travel(hello(1, longest, longest), FrameType.HELLO)).name())
                .isEqualTo(longest);
        assertThatThrownBy(() -> travel(hello(1, longest + "x", "s"), FrameType.HELLO))
                .hasMessageContaining("HELLO: name: 129 bytes (expected: <= 128)");
    }

    @Test
    void ofAReasonTheFirstKibibyteCounts() {
        String reason = "x" + "ü".repeat(5_000);
        List<Frame> frames = List.of(
                new Frame.GoAway(Code.MOVED, 1, reason),
                new Frame.ResetExchange(new Id(1, 1), Code.CANCELLED, reason),
                new Frame.HelloReject(Code.REVOKED, 1, reason),
                new Frame.Reset(Code.REFUSED, reason));

        for (Frame frame : frames) {
            assertThat(travel(frame, frame.type()).toString())
                    .doesNotContain("ü".repeat(512))
                    .contains("ü".repeat(511));
        }
        assertThat(Text.reason(reason).getBytes(StandardCharsets.UTF_8)).hasSize(1_023);
        assertThat(Text.reason("ü".repeat(512))).hasSize(512);
        assertThat(Text.reason("short")).isEqualTo("short");
    }

    /** It goes into a log and onto a terminal. */
    @Test
    void aReasonIsReadAsOneLine() {
        String evil = "gone\r\nevil\u001b[2J\u0000\u007f\u0085\u2028\u2029ü";

        assertThat(Text.reason(evil)).isEqualTo("gone??evil?[2J?????ü");
        assertThat(Text.reason("ü".repeat(600) + evil)).isEqualTo("ü".repeat(512));
        assertThat(Text.reason("\n".repeat(2_000))).isEqualTo("?".repeat(1_024));
    }

    @Test
    void numbersHaveNoSign() {
        Frame.Request request = new Frame.Request(new Id(1, 1), 0, 0, -1, List.of(), true);

        assertThat(((Frame.Request) travel(request, FrameType.REQUEST)).responseCredit())
                .isEqualTo(Integer.MAX_VALUE);
        assertThat(((Frame.Hello) travel(hello(-1, "n", "s"), FrameType.HELLO)).epoch())
                .isEqualTo(-1);
        Frame.Hello many = new Frame.Hello(1, 1, 0, new Id(1, 1), 1, 0, 0xffffffffL, -1, -1, "n", "s");
        Frame.Hello read = (Frame.Hello) travel(many, FrameType.HELLO);
        assertThat(read.number()).isEqualTo(0xffffffffL);
        assertThat(read.maxStreams()).isEqualTo(Integer.MAX_VALUE);
    }
}
