// SPDX-License-Identifier: MIT
package io.goinfer.proxy.lies;

import static io.goinfer.proxy.lies.Outcome.cut;
import static io.goinfer.proxy.lies.Outcome.error;
import static io.goinfer.proxy.lies.Outcome.right;
import static io.goinfer.proxy.testing.RawFrame.data;
import static io.goinfer.proxy.testing.RawFrame.response;

import io.goinfer.proxy.testing.Bytes;
import io.goinfer.proxy.testing.RawFrame;
import io.goinfer.proxy.testing.ScriptedNode.Asked;
import io.goinfer.proxy.testing.ScriptedTcpNode;
import io.goinfer.tunnel.frame.Code;
import io.goinfer.tunnel.frame.FrameType;
import java.nio.charset.StandardCharsets;
import java.util.List;

/** Streams and marks over TCP: PROTOCOL.md §3. */
final class MarkLies {
    private static final RawFrame HEAD = response(200, "content-type", "text/plain");
    private static final RawFrame RIGHT = data("right").end();

    private MarkLies() {}

    private interface Bytewise {
        void tell(ScriptedTcpNode node, Asked asked) throws Exception;
    }

    private static Lie fatal(String name, Bytewise lie) {
        return Lie.of(name, error(), (asked, liar) -> lie.tell((ScriptedTcpNode) asked.node(), asked))
                .ends(Code.PROTOCOL);
    }

    private static Lie mark(String name, int type, Bytes payload) {
        return Lie.of(name, error(), (asked, liar) -> asked.node().send(asked.stream(), RawFrame.of(type, 0, payload)))
                .mayEnd();
    }

    private static Lie harmless(String name, Bytewise lie) {
        return Lie.of(name, right(), (asked, liar) -> {
            lie.tell((ScriptedTcpNode) asked.node(), asked);
            asked.answer();
        });
    }

    private static RawFrame close(long code, String reason) {
        return RawFrame.of(ScriptedTcpNode.CLOSE, 0, Bytes.of().u32(code).string(reason));
    }

    static List<Lie> all() {
        return List.of(
                // streams
                fatal("a frame on an even stream", (node, asked) -> node.send(2, data("x"))),
                fatal(
                        "a frame on a stream that the relay has not opened",
                        (node, asked) -> node.send(asked.stream() + 2, HEAD)),
                fatal("a frame on stream 2^31 - 1", (node, asked) -> node.send(0x7fffffff, data("x"))),
                fatal("a frame on stream 2^31 + 1", (node, asked) -> node.send(0x80000001L, data("x"))),
                fatal("a frame on stream 2^32 - 1", (node, asked) -> node.send(0xffffffffL, data("x"))),
                fatal(
                        "a REQUEST on a stream of its own",
                        (node, asked) -> node.send(
                                asked.stream() + 2,
                                RawFrame.of(
                                        FrameType.REQUEST,
                                        1,
                                        Bytes.of()
                                                .u64(1)
                                                .u64(2)
                                                .u8(0)
                                                .u64(1)
                                                .u32(65_536)
                                                .u16(0)))),
                fatal(
                        "a frame too long on a stream that the relay has not opened",
                        (node, asked) -> node.send(asked.stream() + 2, data(20_000))),
                Lie.of("frames on a stream that is closed", right(), (asked, liar) -> {
                    asked.answer();
                    asked.node().await("the end", one -> one.type() == FrameType.CREDIT_EXCHANGE.number());
                    asked.send(HEAD, data("evil").end(), RawFrame.reset(2, "no"), data(20_000))
                            .finish();
                }),
                // marks
                mark("FINISH with a payload", ScriptedTcpNode.FINISH, Bytes.of().u8(0)),
                mark("FINISH of 16 MiB", ScriptedTcpNode.FINISH, Bytes.of().raw(new byte[0xffffff])),
                mark("CANCEL of 3 bytes", ScriptedTcpNode.CANCEL, Bytes.of().u24(0)),
                mark(
                        "CANCEL of 5 bytes",
                        ScriptedTcpNode.CANCEL,
                        Bytes.of().u32(0).u8(0)),
                mark("STOP of no byte", ScriptedTcpNode.STOP, Bytes.of()),
                mark("STOP of 8 bytes", ScriptedTcpNode.STOP, Bytes.of().u64(0)),
                mark("a mark that is none", 0x34, Bytes.of()),
                mark("mark 0x3f", 0x3f, Bytes.of().u32(0)),
                fatal(
                        "CLOSE of 5 bytes",
                        (node, asked) -> node.send(
                                0,
                                RawFrame.of(
                                        ScriptedTcpNode.CLOSE,
                                        0,
                                        Bytes.of().u32(1).u8(0)))),
                fatal(
                        "CLOSE of 128 KiB",
                        (node, asked) -> node.send(
                                0,
                                RawFrame.of(ScriptedTcpNode.CLOSE, 0, Bytes.of().raw(new byte[128 << 10])))),
                Lie.of(
                                "CLOSE with a reason longer than it is",
                                error(),
                                (asked, liar) -> asked.node()
                                        .send(
                                                0,
                                                RawFrame.of(
                                                        ScriptedTcpNode.CLOSE,
                                                        0,
                                                        Bytes.of().u32(1).u16(60_000))))
                        .mayEnd(),
                Lie.of(
                                "CLOSE with a reason of control characters",
                                error(),
                                (asked, liar) ->
                                        asked.node().send(0, close(1, "bye\r\nnode honest disconnected\u001b[2J")))
                        .mayEnd(),
                Lie.of(
                                "CLOSE with a code that is none",
                                error(),
                                (asked, liar) -> asked.node().send(0, close(0xfffffffL, "")))
                        .mayEnd(),
                Lie.of(
                                "CLOSE because the certificate was revoked, which it was not",
                                error(),
                                (asked, liar) -> asked.node().send(0, close(34, "")))
                        .mayEnd(),
                Lie.of("an answer behind CLOSE", error(), (asked, liar) -> {
                            asked.node().send(0, close(1, ""));
                            asked.answer();
                        })
                        .mayEnd(),
                Lie.of(
                        "CANCEL instead of an answer",
                        error(),
                        (asked, liar) -> asked.node().cancel(asked.stream(), 5)),
                Lie.of(
                        "CANCEL with NO_ERROR instead of an answer",
                        error(),
                        (asked, liar) -> asked.node().cancel(asked.stream(), 0)),
                Lie.of(
                        "CANCEL with MOVED instead of an answer",
                        error(),
                        (asked, liar) -> asked.node().cancel(asked.stream(), 16)),
                Lie.of(
                        "CANCEL with a code that is none",
                        error(),
                        (asked, liar) -> asked.node().cancel(asked.stream(), 0xffffffffL)),
                Lie.of(
                        "CANCEL in the middle of the answer",
                        cut(),
                        (asked, liar) -> asked.send(HEAD, data("ri")).node().cancel(asked.stream(), 0)),
                Lie.of("an answer behind CANCEL", error(), (asked, liar) -> {
                    asked.node().cancel(asked.stream(), 5);
                    asked.answer();
                }),
                Lie.of(
                        "CANCEL behind END",
                        right(),
                        (asked, liar) -> asked.send(HEAD, RIGHT).node().cancel(asked.stream(), 7)),
                Lie.of("FINISH twice", right(), (asked, liar) -> {
                    asked.answer();
                    asked.finish();
                }),
                Lie.of("an answer behind FINISH", error(), (asked, liar) -> {
                    asked.finish();
                    asked.answer();
                }),
                Lie.of("the end behind FINISH", cut(), (asked, liar) -> {
                    asked.send(HEAD, data("ri")).finish();
                    asked.send(data("ght").end());
                }),
                harmless("STOP where the request has ended", (node, asked) -> node.stop(asked.stream(), 5)),
                harmless("STOP 1,000 times", (node, asked) -> {
                    for (int i = 0; i < 1_000; i++) {
                        node.stop(asked.stream(), i);
                    }
                }),
                harmless(
                        "CANCEL of a stream that was never opened",
                        (node, asked) -> node.cancel(asked.stream() + 1_000, 5)),
                harmless("FINISH of an even stream", (node, asked) -> node.finish(2)),
                harmless("STOP of stream 2^32 - 1", (node, asked) -> node.stop(0xffffffffL, 5)),
                Lie.of("FINISH of the control stream", right().or(error()), (asked, liar) -> {
                            asked.node().finish(0);
                            asked.answer();
                        })
                        .mayEnd(),
                Lie.of("CANCEL of the control stream", right().or(error()), (asked, liar) -> {
                            asked.node().cancel(0, 5);
                            asked.answer();
                        })
                        .mayEnd(),
                Lie.of("CLOSE on an exchange stream", right().or(error()), (asked, liar) -> {
                            asked.node().send(asked.stream(), close(1, ""));
                            asked.answer();
                        })
                        .mayEnd(),
                // no frames at all
                fatal(
                        "HTTP instead of frames",
                        (node, asked) ->
                                node.raw("GET / HTTP/1.1\r\nhost: x\r\n\r\n".getBytes(StandardCharsets.US_ASCII))),
                fatal(
                        "ones instead of frames",
                        (node, asked) -> node.raw(Bytes.of()
                                .raw(-1, -1, -1, -1, -1, -1, -1, -1, -1, -1)
                                .array())),
                fatal("noise instead of frames", (node, asked) -> {
                    byte[] noise = new byte[100_000];
                    new java.util.Random(1).nextBytes(noise);
                    noise[0] = 0x66;
                    noise[1] = 0;
                    node.raw(noise);
                }));
    }
}
