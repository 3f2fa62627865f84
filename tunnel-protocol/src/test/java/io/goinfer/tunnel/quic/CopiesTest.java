// SPDX-License-Identifier: MIT
package io.goinfer.tunnel.quic;

import static io.goinfer.tunnel.testing.Eventually.eventually;
import static org.assertj.core.api.Assertions.assertThat;

import io.goinfer.tunnel.frame.Frame;
import io.goinfer.tunnel.session.TransportContract.Call;
import io.goinfer.tunnel.session.TransportContract.Recorder;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Copies over real QUIC; a stream that says nothing is one whose packet was lost. */
class CopiesTest {
    /** The relay's first stream. */
    private static final long STREAM = 1;

    private final Recorder relaySide = new Recorder();
    private final Recorder nodeSide = new Recorder();
    private final QuicRig rig = new QuicRig().listen(0, relaySide);

    @AfterEach
    void stop() {
        rig.close();
    }

    private static ByteBuf text(String text) {
        return Unpooled.copiedBuffer(text, StandardCharsets.UTF_8);
    }

    /** An exchange whose response has begun. */
    private Call begun() throws Exception {
        Frame.HelloOk ok = rig.connect(nodeSide, 1_024, () -> {});
        assertThat(ok.features()).isEqualTo(Frame.Hello.COPIES);
        eventually("the relay has the session", () -> relaySide.session != null);
        Call call = relaySide.open(true);
        eventually("it is at the node", () -> nodeSide.calls.size() == 1);
        nodeSide.on(() -> {
            nodeSide.calls.get(0).exchange.sendResponse(new Frame.Response(200, List.of(), false));
            return null;
        });
        eventually("the head is there", () -> call.response != null);
        return call;
    }

    private Copies copies() {
        return ((QuicWire) nodeSide.session.wire()).copies();
    }

    private void copy(long streamId, long offset, String content) {
        nodeSide.on(() -> {
            ByteBuf bytes = text(content);
            copies().later(streamId, offset, bytes);
            bytes.release();
            return null;
        });
    }

    private void stream(String content) {
        nodeSide.on(() -> {
            nodeSide.calls.get(0).exchange.sendData(text(content));
            return null;
        });
    }

    private void lossy() {
        nodeSide.on(() -> {
            copies().measured(1_000, 2);
            return null;
        });
    }

    @Test
    void aCopyNeedsNoStream() throws Exception {
        Call call = begun();
        lossy();
        copy(STREAM + 4, 0, "a stream that is not there");
        copy(STREAM, 3, "behind a gap, ");
        copy(STREAM, 0, "one");
        eventually("copies are there", () -> call.text.equals("onebehind a gap, "));

        stream("onebehind a gap, and the stream");
        nodeSide.on(() -> {
            nodeSide.calls.get(0).exchange.sendEnd(List.of());
            return null;
        });
        eventually("it ends", () -> call.ended);
        assertThat(call.text).isEqualTo("onebehind a gap, and the stream");
        eventually("nothing is left", () -> relaySide.session.exchanges() == 0 && nodeSide.session.exchanges() == 0);
    }

    @Test
    void whatIsSentIsCopiedOnlyWhereThePathLosesPackets() throws Exception {
        Call call = begun();
        stream("a");
        eventually("a came", () -> call.text.equals("a"));
        assertThat(nodeSide.on(() -> copies().sent())).isZero();

        lossy();
        stream("b");
        eventually("b went out twice", () -> nodeSide.on(() -> copies().sent()) == 1);
        stream("x".repeat(Copies.MAX_CONTENT + 1));
        stream("c");
        eventually("c went out twice, what is large once", () -> nodeSide.on(() -> copies().sent()) == 2);
        eventually("all came", () -> call.bytes == Copies.MAX_CONTENT + 4);
    }

    @Test
    void garbageInDatagramsCostsNothing() throws Exception {
        Call call = begun();
        lossy();
        for (String garbage : new String[] {"", "c0", "00", "0001", "000100", "0101006869", "0001c0000000000000"}) {
            nodeSide.on(() -> {
                ByteBuf bytes = Unpooled.wrappedBuffer(ByteBufUtil.decodeHexDump(garbage));
                ((QuicWire) nodeSide.session.wire()).datagram(bytes);
                return null;
            });
        }
        nodeSide.on(() -> {
            ByteBuf bytes = Unpooled.buffer();
            Copies.encode(0, STREAM, 0, text("x".repeat(Copies.MAX_CONTENT + 1)), bytes);
            ((QuicWire) nodeSide.session.wire()).datagram(bytes);
            return null;
        });
        copy(STREAM, 1L << 40, "beyond the limit");
        copy(STREAM, 0, "good");
        eventually("only what is good is there", () -> call.text.equals("good"));
    }

    @Test
    void theExampleOfTheProtocolIsWhatIsSent() throws Exception {
        Path doc = Path.of("..", "docs", "PROTOCOL.md");
        Matcher example =
                Pattern.compile("```hex-datagram COPY\\n([0-9a-f ]+)\\n").matcher(Files.readString(doc));
        assertThat(example.find()).isTrue();
        ByteBuf out = Unpooled.buffer();
        Copies.encode(0, 1, 1_024, text("hi"), out);
        assertThat(ByteBufUtil.hexDump(out)).isEqualTo(example.group(1).replace(" ", ""));
        assertThat(Varint.read(out)).isZero();
        assertThat(Varint.read(out)).isEqualTo(1);
        assertThat(Varint.read(out)).isEqualTo(1_024);
    }

    @Test
    void varintsOfEverySize() {
        for (long value : new long[] {0, 63, 64, 16_383, 16_384, (1L << 30) - 1, 1L << 30, (1L << 62) - 1}) {
            ByteBuf out = Unpooled.buffer();
            Varint.write(out, value);
            ByteBuf part = out.copy(0, out.readableBytes() - 1);
            assertThat(Varint.read(part)).isEqualTo(-1);
            assertThat(Varint.read(out)).isEqualTo(value);
            assertThat(out.isReadable()).isFalse();
        }
    }

    @Test
    void lossIsOverOneInAThousand() {
        LossMeter meter = new LossMeter();
        assertThat(meter.measured(100, 1)).as("of 100: too few to say").isFalse();
        assertThat(meter.measured(150, 2))
                .as("two of the first thousand, whatever follows")
                .isTrue();
        assertThat(meter.measured(1_000, 2)).as("too few since").isTrue();
        assertThat(meter.measured(1_150, 3)).as("one of a thousand").isFalse();
        assertThat(meter.measured(11_150, 14)).as("eleven of ten thousand").isTrue();
        assertThat(meter.measured(12_200, 14)).as("none of a thousand").isFalse();
    }
}
