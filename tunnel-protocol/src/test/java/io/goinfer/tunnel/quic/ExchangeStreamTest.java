// SPDX-License-Identifier: MIT
package io.goinfer.tunnel.quic;

import static io.goinfer.tunnel.testing.Eventually.eventually;
import static org.assertj.core.api.Assertions.assertThat;

import io.goinfer.tunnel.frame.Code;
import io.goinfer.tunnel.frame.Field;
import io.goinfer.tunnel.frame.Frame;
import io.goinfer.tunnel.frame.FrameException;
import io.goinfer.tunnel.frame.Id;
import io.goinfer.tunnel.session.TransportContract.Recorder;
import io.goinfer.tunnel.wire.Wire;
import io.goinfer.tunnel.wire.WireStream;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.socket.ChannelOutputShutdownException;
import io.netty.handler.codec.quic.QuicStreamResetException;
import java.nio.channels.ClosedChannelException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Exchange streams themselves, with a session at the relay only: what comes before HELLO_OK was seen, and how a stream stops. */
class ExchangeStreamTest {
    private final Recorder relaySide = new Recorder();
    private final NodeSide nodeSide = new NodeSide();
    private QuicRig rig;
    private Wire node;

    @BeforeEach
    void start() throws Exception {
        rig = new QuicRig().listen(0, relaySide);
        node = rig.dial(rig.nodeTls()).get(10, TimeUnit.SECONDS).wire();
        node.loop()
                .submit(() -> {
                    node.events(nodeSide);
                    node.sendControl(rig.hello(16).withFeatures(0));
                })
                .get();
        eventually("the relay has the session", () -> relaySide.session != null);
    }

    @AfterEach
    void stop() {
        rig.close();
    }

    /** Does not look at control frames: as if HELLO_OK were still on its way. */
    private static final class NodeSide implements Wire.Events {
        final List<WireStream> streams = new CopyOnWriteArrayList<>();
        final List<Log> logs = new CopyOnWriteArrayList<>();
        volatile boolean taking;

        @Override
        public void onControl(Frame.Control frame) {
            Frame.release(frame);
        }

        @Override
        public WireStream.Events onStream(WireStream stream) {
            streams.add(stream);
            if (!taking) {
                return null;
            }
            Log log = new Log();
            logs.add(log);
            return log;
        }

        @Override
        public void onClosed(Code code, String reason) {}
    }

    /** What happened on a stream. */
    private static final class Log extends CopyOnWriteArrayList<String> implements WireStream.Events {
        private static final long serialVersionUID = 1;

        @Override
        public void onFrame(Frame.Exchange frame) {
            String text = frame instanceof Frame.Data data ? data.content().toString(StandardCharsets.UTF_8) : "";
            Frame.release(frame);
            add((frame.type() + " " + text).strip());
        }

        @Override
        public void onCopy(long offset, ByteBuf content) {
            content.release();
        }

        @Override
        public void onFinish() {
            add("finish");
        }

        @Override
        public void onCancel(Code code) {
            add("cancel " + code);
        }

        @Override
        public void onBroken(FrameException cause) {
            add("broken " + cause.getMessage());
        }

        @Override
        public void onWritable() {}

        @Override
        public void onReadComplete() {}
    }

    private WireStream open(Log log) {
        return relaySide.on(() -> {
            WireStream stream = relaySide.session.wire().open(log);
            stream.send(Frame.Request.of(new Id(1, 1), List.of(new Field(":method", "POST")), false));
            return stream;
        });
    }

    private static Frame.Data data(String text) {
        return new Frame.Data(Unpooled.copiedBuffer(text, StandardCharsets.UTF_8), false, false);
    }

    /** All that the relay sent before this has been read at the node. */
    private void settle() {
        int before = nodeSide.streams.size();
        open(new Log());
        eventually("the next stream comes", () -> nodeSide.streams.size() > before);
    }

    private void take() throws Exception {
        nodeSide.taking = true;
        node.loop().submit(() -> node.events(nodeSide)).get();
    }

    @Test
    void whatComesInPiecesBeforeHelloOkIsTakenWhole() throws Exception {
        Log there = new Log();
        WireStream stream = open(there);
        eventually("the stream is held", () -> nodeSide.streams.size() == 1);
        for (String text : List.of("one", "two", "three")) {
            relaySide.on(() -> {
                stream.send(data(text));
                return null;
            });
            settle();
        }
        relaySide.on(() -> {
            stream.finish();
            return null;
        });
        settle();

        take();

        assertThat(nodeSide.logs.get(0)).containsExactly("REQUEST", "DATA one", "DATA two", "DATA three", "finish");
        assertThat(there).isEmpty();
    }

    /** What Netty makes of a write that meets a STOP_SENDING: its code is lost. */
    @Test
    void aNodeWhoseWriteMeetsAStopTakesItForALeftStream() {
        assertThat(ExchangeStream.codeOf(new ChannelOutputShutdownException("STOP_SENDING frame received")))
                .isEqualTo(Code.MOVED);
        assertThat(ExchangeStream.codeOf(new QuicStreamResetException("", Code.CANCELLED.quicCode())))
                .isEqualTo(Code.CANCELLED);
        assertThat(ExchangeStream.codeOf(new ClosedChannelException())).isEqualTo(Code.CANCELLED);
        assertThat(ExchangeStream.codeOf(new IllegalStateException("a bug"))).isEqualTo(Code.INTERNAL);
    }

    @Test
    void aNodeThatWantsNothingMoreOfARequestCancelsNothing() throws Exception {
        nodeSide.taking = true;
        Log there = new Log();
        WireStream stream = open(there);
        eventually("the request is there", () -> nodeSide.logs.size() == 1);
        node.loop()
                .submit(() -> nodeSide.streams.get(0).stopReading(Code.NO_ERROR))
                .get();
        for (int i = 0; i < 3; i++) {
            relaySide.on(() -> {
                stream.send(data("unwanted"));
                return null;
            });
            settle();
        }

        node.loop()
                .submit(() -> nodeSide.streams.get(0).send(new Frame.Reset(Code.BACKEND_RESET, "gone")))
                .get();

        eventually("the relay is told why", () -> there.contains("RESET"));
        assertThat(there).containsExactly("RESET");
    }

    /** Without a HEADERS frame first it is nothing of HTTP/3, which ends the connection at the relay: for that the node is to blame, not the path. */
    @Test
    void aStreamThatTheNodeOpensEndsTheSession() throws Exception {
        node.loop()
                .submit(() -> node.open(new Log()).send(new Frame.Reset(Code.CANCELLED, "")))
                .get();

        eventually("the session ends", () -> relaySide.log.contains("closed PROTOCOL"));
    }
}
