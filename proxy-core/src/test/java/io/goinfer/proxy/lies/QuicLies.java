// SPDX-License-Identifier: MIT
package io.goinfer.proxy.lies;

import static io.goinfer.proxy.lies.Outcome.broken;
import static io.goinfer.proxy.lies.Outcome.cut;
import static io.goinfer.proxy.lies.Outcome.error;
import static io.goinfer.proxy.lies.Outcome.right;
import static io.goinfer.proxy.testing.RawFrame.data;
import static io.goinfer.proxy.testing.RawFrame.response;

import io.goinfer.proxy.testing.Bytes;
import io.goinfer.proxy.testing.Greeting;
import io.goinfer.proxy.testing.RawFrame;
import io.goinfer.proxy.testing.ScriptedNode.Asked;
import io.goinfer.proxy.testing.ScriptedQuicNode;
import io.goinfer.tunnel.frame.Code;
import io.netty.handler.codec.quic.QuicStreamType;
import java.util.List;

/** What can be said only over QUIC: streams and their signals (PROTOCOL.md §2, §6.8), copies beside them (§6.11). */
final class QuicLies {
    private static final RawFrame HEAD = response(200, "content-type", "text/plain");
    private static final RawFrame RIGHT = data("right").end();
    private static final int BASE = 0x676f0000;

    private QuicLies() {}

    private interface Tell {
        void tell(ScriptedQuicNode node, Asked asked, Liar liar) throws Exception;
    }

    private static Lie of(String name, Outcome outcome, Tell lie) {
        return Lie.of("QUIC: " + name, outcome, (asked, liar) -> lie.tell((ScriptedQuicNode) asked.node(), asked, liar))
                .opened(Liar::connectOverQuic);
    }

    /** Copies were agreed on. */
    private static Lie copies(String name, Outcome outcome, Tell lie) {
        return of(name, outcome, lie).opened(liar -> {
            Greeting greeting = liar.greeting();
            greeting.features = 1;
            return liar.serve(liar.dialQuic(), greeting, Liar.MODELS);
        });
    }

    /** A datagram that stands beside the right answer's head and is dropped. */
    private static Lie dropped(String name, byte[]... datagrams) {
        return copies(name, right(), (node, asked, liar) -> {
            asked.send(HEAD);
            for (byte[] datagram : datagrams) {
                node.datagram(datagram);
            }
            liar.settle(node);
            asked.send(RIGHT).finish();
        });
    }

    private static Lie refused(String name, boolean saysTunnel, String protocol, String status) {
        return Lie.greeting("QUIC: " + name, liar -> {
            String answer = ScriptedQuicNode.refused(liar.port(), liar.identity(), saysTunnel, protocol);
            if (!answer.equals(status)) {
                throw new AssertionError("answered: " + answer);
            }
            return null;
        });
    }

    /** Variable-length integer of eight bytes. */
    private static Bytes varint(Bytes to, long value) {
        return to.u64(value | 0xc000000000000000L);
    }

    private static byte[] copy(long stream, long offset, String text) {
        return varint(varint(Bytes.of().u8(0), stream), offset)
                .raw(Bytes.of(text).array())
                .array();
    }

    private static byte[][] times(int count, byte[] datagram) {
        byte[][] all = new byte[count][];
        java.util.Arrays.fill(all, datagram);
        return all;
    }

    static List<Lie> all() {
        return List.of(
                refused("SETTINGS without the tunnel", false, "goinfer-tunnel", "400"),
                refused("CONNECT of another protocol", true, "websocket", "404"),
                of("no lie", right(), (node, asked, liar) -> asked.answer()),
                // streams
                of("FIN without a frame", error(), (node, asked, liar) -> asked.finish()),
                of(
                        "FIN without END",
                        cut(),
                        (node, asked, liar) -> asked.send(HEAD, data("ri")).finish()),
                of(
                        "FIN in the middle of a frame",
                        cut(),
                        (node, asked, liar) ->
                                asked.send(HEAD, data("ri").claiming(5)).finish()),
                of("FIN in the middle of a header", cut(), (node, asked, liar) -> {
                    asked.send(HEAD);
                    node.raw(asked.stream(), new byte[] {0x22, 1});
                    asked.finish();
                }),
                of(
                        "RESET_STREAM instead of an answer",
                        error(),
                        (node, asked, liar) -> node.resetStream(asked.stream(), BASE + 5)),
                of(
                        "RESET_STREAM with NO_ERROR instead of an answer",
                        error(),
                        (node, asked, liar) -> node.resetStream(asked.stream(), BASE)),
                of(
                        "RESET_STREAM with MOVED instead of an answer",
                        error(),
                        (node, asked, liar) -> node.resetStream(asked.stream(), BASE + 16)),
                of(
                        "RESET_STREAM with a code of HTTP/3",
                        error(),
                        (node, asked, liar) -> node.resetStream(asked.stream(), 0x10c)),
                of(
                        "RESET_STREAM with a code that is none",
                        error(),
                        (node, asked, liar) -> node.resetStream(asked.stream(), BASE + 63)),
                of(
                        "RESET_STREAM with INTERNAL",
                        error(),
                        (node, asked, liar) -> node.resetStream(asked.stream(), BASE + 2)),
                of("RESET_STREAM in the middle of the answer", cut(), (node, asked, liar) -> {
                    asked.send(HEAD, data("ri"));
                    liar.settle(node);
                    node.resetStream(asked.stream(), BASE);
                }),
                of("RESET_STREAM behind END", right(), (node, asked, liar) -> {
                    asked.send(HEAD, RIGHT);
                    node.await("the end", one -> one.type() == 0x0c);
                    node.resetStream(asked.stream(), BASE + 7);
                }),
                of("STOP_SENDING, and the answer", right(), (node, asked, liar) -> {
                    node.stop(asked.stream(), BASE + 5);
                    asked.answer();
                }),
                of("STOP_SENDING of an upload with a code of HTTP/3, and the answer", right(), (node, asked, liar) -> {
                            node.stop(asked.stream(), 0x10c);
                            asked.answer();
                        })
                        .asking(Ask.UPLOAD),
                of(
                        "DATA behind END, without FIN",
                        right(),
                        (node, asked, liar) ->
                                asked.send(HEAD, RIGHT, data("evil").end())),
                of(
                        "a control frame on an exchange stream",
                        error(),
                        (node, asked, liar) -> asked.send(RawFrame.ping(1, 0))),
                of("noise on an exchange stream", error(), (node, asked, liar) -> {
                    byte[] noise = new byte[10_000];
                    new java.util.Random(2).nextBytes(noise);
                    noise[0] = 0x66;
                    noise[1] = 0;
                    node.raw(asked.stream(), noise);
                }),
                of(
                                "a mark of TCP on an exchange stream",
                                error(),
                                (node, asked, liar) -> asked.send(RawFrame.of(0x30, 0, Bytes.of())))
                        .mayEnd(),
                of(
                                "a mark of TCP on the control stream",
                                error(),
                                (node, asked, liar) -> node.control(
                                        RawFrame.of(0x33, 0, Bytes.of().u32(1).string(""))))
                        .ends(Code.PROTOCOL),
                of(
                                "a type that is none on the control stream",
                                error(),
                                (node, asked, liar) -> node.control(RawFrame.of(0x7e, 0, Bytes.of())))
                        .ends(Code.PROTOCOL),
                of(
                                "a frame too long on the control stream",
                                error(),
                                (node, asked, liar) ->
                                        node.control(RawFrame.ping(1, 0).claiming(0xffffff)))
                        .ends(Code.PROTOCOL),
                of("RESET_STREAM of the control stream", error(), (node, asked, liar) -> node.resetStream(0, BASE + 1))
                        .mayEnd(),
                of("an exchange stream that the node opens", right().or(error()), (node, asked, liar) -> {
                            node.open(
                                    QuicStreamType.BIDIRECTIONAL,
                                    Bytes.of()
                                            .raw(0x80, 0x67, 0x6f, 0x69)
                                            .u64(0xc000000000000000L)
                                            .u8(0x22)
                                            .u8(1)
                                            .u24(1)
                                            .u8('x')
                                            .array());
                            asked.answer();
                        })
                        .mayEnd(),
                of("a stream of noise that the node opens", right().or(error()), (node, asked, liar) -> {
                            node.open(
                                    QuicStreamType.UNIDIRECTIONAL,
                                    Bytes.of().u64(-1).u64(-1).array());
                            asked.answer();
                        })
                        .mayEnd(),
                of(
                                "CONNECTION_CLOSE with a reason of control characters",
                                error(),
                                (node, asked, liar) ->
                                        node.closeWith(BASE + 1, "bye\r\nnode honest disconnected\u001b[2J"))
                        .mayEnd(),
                // copies
                of("copies that were not agreed on", right(), (node, asked, liar) -> {
                    asked.send(HEAD);
                    node.datagram(copy(asked.stream(), 0, "evil!"));
                    liar.settle(node);
                    asked.send(RIGHT).finish();
                }),
                copies("a copy before the head", right(), (node, asked, liar) -> {
                    node.datagram(copy(asked.stream(), 0, "evil!"));
                    liar.settle(node);
                    asked.answer();
                }),
                copies("a copy behind the end", right(), (node, asked, liar) -> {
                    asked.send(HEAD, RIGHT);
                    node.await("the end", one -> one.type() == 0x0c);
                    node.datagram(copy(asked.stream(), 5, "evil!"));
                    liar.settle(node);
                    asked.finish();
                }),
                copies("a copy of what never comes in the stream", broken(), (node, asked, liar) -> {
                    asked.send(HEAD, data("right"));
                    liar.settle(node);
                    node.datagram(copy(asked.stream(), 5, "evil!"));
                    liar.settle(node);
                    asked.send(data("").end()).finish();
                }),
                copies("a copy that is longer than the stream", broken(), (node, asked, liar) -> {
                    asked.send(HEAD);
                    liar.settle(node);
                    node.datagram(copy(asked.stream(), 0, "right and evil"));
                    liar.settle(node);
                    asked.send(RIGHT).finish();
                }),
                copies("a copy behind a gap that the end makes", right(), (node, asked, liar) -> {
                    asked.send(HEAD);
                    liar.settle(node);
                    node.datagram(copy(asked.stream(), 100, "evil!"));
                    liar.settle(node);
                    asked.send(RIGHT).finish();
                }),
                copies("a copy beyond the limit", right(), (node, asked, liar) -> {
                    asked.send(HEAD);
                    node.datagram(copy(asked.stream(), 1L << 30, "evil!"));
                    liar.settle(node);
                    asked.send(RIGHT).finish();
                }),
                copies("a copy at offset 2^62 - 1", right(), (node, asked, liar) -> {
                    asked.send(HEAD);
                    node.datagram(copy(asked.stream(), (1L << 62) - 1, "evil!"));
                    liar.settle(node);
                    asked.send(RIGHT).finish();
                }),
                copies("1,000 copies behind gaps", right(), (node, asked, liar) -> {
                    asked.send(HEAD);
                    liar.settle(node);
                    for (int i = 0; i < 1_000; i++) {
                        node.datagram(copy(asked.stream(), 10 + 2 * i, "e"));
                    }
                    liar.settle(node);
                    asked.send(RIGHT).finish();
                }),
                copies("a copy and RESET", broken(), (node, asked, liar) -> {
                    asked.send(HEAD);
                    node.datagram(copy(asked.stream(), 3, "evil!"));
                    asked.send(RawFrame.reset(7, "no")).finish();
                }),
                dropped("a copy for a stream that is not there", copy(4_001, 0, "evil!")),
                dropped("a copy for the control stream", copy(0, 0, "evil!")),
                dropped("an empty datagram", new byte[0]),
                dropped("a datagram of half a number", new byte[] {(byte) 0xc0}),
                dropped("a datagram of one number", new byte[] {0}),
                dropped("a datagram without an offset", new byte[] {0, 1}),
                dropped("a datagram with half an offset", new byte[] {0, 1, (byte) 0x80, 0}),
                dropped("a datagram of another session", new byte[] {1, 1, 0, 'e'}),
                dropped(
                        "a datagram of noise",
                        Bytes.of().u64(-1).u64(-1).u64(-1).array()),
                dropped(
                        "2,000 datagrams of noise",
                        times(2_000, Bytes.of().u64(-1).u64(-1).array())),
                copies("a copy without a body", right(), (node, asked, liar) -> {
                    asked.send(HEAD);
                    node.datagram(copy(asked.stream(), 0, ""));
                    liar.settle(node);
                    asked.send(RIGHT).finish();
                }),
                copies("a copy of 1,100 bytes", right(200, "x".repeat(1_100)), (node, asked, liar) -> {
                    asked.send(HEAD);
                    node.datagram(copy(asked.stream(), 0, "e".repeat(1_100)));
                    liar.settle(node);
                    asked.send(data(1_100).end()).finish();
                }));
    }
}
