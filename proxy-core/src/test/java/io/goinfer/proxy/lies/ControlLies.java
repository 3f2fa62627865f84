// SPDX-License-Identifier: MIT
package io.goinfer.proxy.lies;

import static io.goinfer.proxy.lies.Lie.control;
import static io.goinfer.proxy.lies.Lie.fatal;
import static io.goinfer.proxy.lies.Outcome.error;
import static io.goinfer.proxy.lies.Outcome.right;
import static io.goinfer.proxy.testing.RawFrame.goAway;
import static io.goinfer.proxy.testing.RawFrame.ping;
import static io.goinfer.proxy.testing.RawFrame.pong;
import static io.goinfer.proxy.testing.RawFrame.resetExchange;

import io.goinfer.proxy.testing.Bytes;
import io.goinfer.proxy.testing.Greeting;
import io.goinfer.proxy.testing.RawFrame;
import io.goinfer.proxy.testing.ScriptedNode.Received;
import io.goinfer.tunnel.frame.Code;
import io.goinfer.tunnel.frame.FrameType;
import io.goinfer.tunnel.frame.Id;
import java.nio.ByteBuffer;
import java.util.Collections;
import java.util.List;

/** The control stream of a session that is open: PROTOCOL.md §4, §5. */
final class ControlLies {
    private static final RawFrame HELLO = new Greeting(new Id(1, 1), 1).frame();

    private ControlLies() {}

    private static RawFrame of(FrameType type, Bytes payload) {
        return RawFrame.of(type, 0, payload);
    }

    private static Lie reset(String name, long code, String reason) {
        return Lie.of(
                name,
                error(),
                (asked, liar) -> asked.node().control(resetExchange(asked.head().exchange(), code, reason)));
    }

    private static RawFrame[] times(int count, RawFrame frame) {
        return Collections.nCopies(count, frame).toArray(RawFrame[]::new);
    }

    static List<Lie> all() {
        return List.of(
                // who may say what
                fatal("HELLO twice", HELLO),
                fatal(
                        "HELLO_OK from the node",
                        of(
                                FrameType.HELLO_OK,
                                Bytes.of()
                                        .u8(1)
                                        .u64(0)
                                        .u32(16)
                                        .u32(4_096)
                                        .u64(1)
                                        .u64(1)
                                        .u64(1)
                                        .u64(1)
                                        .string("n")
                                        .string("s"))),
                fatal(
                        "HELLO_REJECT from the node",
                        of(FrameType.HELLO_REJECT, Bytes.of().u32(2).u32(0).string("no"))),
                fatal(
                        "RESUME from the node",
                        of(FrameType.RESUME, Bytes.of().u64(1).u16(0).u16(0))),
                fatal(
                        "REQUEST on the control stream",
                        of(
                                FrameType.REQUEST,
                                Bytes.of().u64(1).u64(1).u8(0).u64(1).u32(0).u16(0))),
                fatal("RESPONSE on the control stream", RawFrame.response(200)),
                fatal("DATA on the control stream", RawFrame.data("x")),
                fatal("TRAILERS on the control stream", RawFrame.trailers()),
                fatal("INFO on the control stream", RawFrame.info(103)),
                fatal("RESET on the control stream", RawFrame.reset(2, "no")),
                Lie.frames("MODELS on an exchange stream", error(), RawFrame.models(Liar.MODELS)),
                Lie.frames("PING on an exchange stream", error(), ping(1, 0)),
                Lie.frames("GOAWAY on an exchange stream", error(), goAway(0, 0, "")),
                Lie.frames("HELLO on an exchange stream", error(), HELLO),
                Lie.frames("RESUME_OK on an exchange stream", error(), RawFrame.resumeOk(0)),
                // types
                fatal("a type that is none", RawFrame.of(0x7e, 0, Bytes.of())),
                fatal("type 0", RawFrame.of(0, 0, Bytes.of())),
                fatal("type 255", RawFrame.of(255, 0, Bytes.of())),
                fatal("a type that is reserved for admin work", RawFrame.of(0x10, 0, Bytes.of())),
                fatal(
                        "an optional type of 64 KiB and a byte",
                        RawFrame.of(0x7e, 0x80, Bytes.of().raw(new byte[65_537]))),
                control("an optional type", right(), RawFrame.of(0x7e, 0x80, Bytes.of("anything"))),
                control(
                        "an optional type of 64 KiB",
                        right(),
                        RawFrame.of(0x7e, 0x80, Bytes.of().raw(new byte[65_536]))),
                control("an optional type 1,000 times", right(), times(1_000, RawFrame.of(0x7e, 0xff, Bytes.of("x")))),
                control("flags that PING does not have", right(), ping(7_000, 0).flags(0xff)),
                Lie.frames("a type that is none on an exchange stream", error(), RawFrame.of(0x7e, 0, Bytes.of()))
                        .mayEnd(),
                Lie.of(
                        "an optional type on an exchange stream",
                        right(),
                        (asked, liar) -> asked.send(RawFrame.of(0x7e, 0x80, Bytes.of("x")))
                                .answer()),
                Lie.frames(
                                "an optional type of 64 KiB and a byte on an exchange stream",
                                error(),
                                RawFrame.of(0x7e, 0x80, Bytes.of().raw(new byte[65_537])))
                        .mayEnd(),
                // PING, PONG
                fatal("PONG that was never asked for", pong(99_999, 0)),
                fatal("PONG of number 0", pong(0, 0)),
                fatal("PONG of 2^64 - 1", pong(-1, 0)),
                Lie.of("PONG for the next PING", right().or(error()), (asked, liar) -> {
                            Received ping = asked.node().await(FrameType.PING);
                            asked.node()
                                    .control(
                                            pong(ByteBuffer.wrap(ping.payload()).getLong() + 1, 0));
                            asked.answer();
                        })
                        .ends(Code.PROTOCOL),
                Lie.of("PONG twice", right().or(error()), (asked, liar) -> {
                            Received ping = asked.node().await(FrameType.PING);
                            asked.node()
                                    .control(times(
                                            3,
                                            pong(ByteBuffer.wrap(ping.payload()).getLong(), 0)));
                            asked.answer();
                        })
                        .mayEnd(),
                fatal("PING of 8 bytes", of(FrameType.PING, Bytes.of().u64(1))),
                fatal("PING of 10 bytes", of(FrameType.PING, Bytes.of().u64(1).u16(0))),
                fatal("PING of no byte", of(FrameType.PING, Bytes.of())),
                fatal("PING of 64 KiB and a byte", of(FrameType.PING, Bytes.of().raw(new byte[65_537]))),
                fatal("PING that says 16 MiB", ping(1, 0).claiming(0xffffff)),
                fatal("PONG of 8 bytes", of(FrameType.PONG, Bytes.of().u64(1))),
                control("PING with a verdict that is none", right().or(error()), ping(7_000, 255), ping(7_001, 0))
                        .mayEnd(),
                control("PING with one number 100 times", right(), times(100, ping(7_000, 0))),
                control("PING 20,000 times", right().or(error()), times(20_000, ping(7_000, 0)))
                        .mayEnd(),
                control("a verdict that changes 1,000 times", right().or(error()), verdicts(1_000))
                        .mayEnd(),
                // GOAWAY
                control("GOAWAY twice, the second longer", right(), goAway(0, 60_000, "a"), goAway(0, 120_000, "b"))
                        .mayEnd(),
                control("GOAWAY with a drain time of 2^32 - 1", right(), goAway(12, 0xffffffffL, ""))
                        .mayEnd(),
                control("GOAWAY with a code that is none", right(), goAway(0xffffffffL, 60_000, ""))
                        .mayEnd(),
                Lie.of("GOAWAY at once", error(), (asked, liar) -> asked.node().control(goAway(12, 0, "")))
                        .ends(Code.DRAINING, Code.NO_ERROR),
                Lie.of(
                                "GOAWAY at once for a certificate that is not revoked",
                                error(),
                                (asked, liar) -> asked.node().control(goAway(34, 0, "")))
                        .ends(Code.REVOKED),
                control(
                                "GOAWAY with a reason of control characters",
                                right(),
                                goAway(0, 60_000, "bye\r\nnode honest disconnected\u001b[2J"))
                        .mayEnd(),
                control("GOAWAY with a reason of 60,000 bytes", right(), goAway(0, 60_000, "x".repeat(60_000)))
                        .mayEnd(),
                control("GOAWAY 1,000 times", right(), times(1_000, goAway(0, 60_000, "")))
                        .mayEnd(),
                fatal("GOAWAY of 4 bytes", of(FrameType.GOAWAY, Bytes.of().u32(0))),
                fatal(
                        "GOAWAY with a reason that is not UTF-8",
                        of(FrameType.GOAWAY, Bytes.of().u32(0).u32(0).string(new byte[] {(byte) 0xc0, (byte) 0x80}))),
                fatal(
                        "GOAWAY with bytes behind it",
                        of(
                                FrameType.GOAWAY,
                                Bytes.of().u32(0).u32(60_000).string("").u8(0))),
                // RESET_EXCHANGE
                reset("RESET_EXCHANGE with NO_ERROR", 0, ""),
                reset("RESET_EXCHANGE because the client left, which it did not", 5, ""),
                reset("RESET_EXCHANGE with MOVED", 16, ""),
                reset("RESET_EXCHANGE with SESSION_LOST", 15, ""),
                reset("RESET_EXCHANGE with REVOKED", 34, ""),
                reset("RESET_EXCHANGE with a head that was not too large", 10, ""),
                reset("RESET_EXCHANGE with a code that is none", 0xffffffffL, ""),
                reset("RESET_EXCHANGE with control characters", 7, "a\r\nb\u0000\u001b[2J\"}"),
                reset("RESET_EXCHANGE with a reason of 60,000 bytes", 7, "x".repeat(60_000)),
                reset("RESET_EXCHANGE with a reason of quotes", 7, "\",\"code\":\"ok\"},\"choices\":[{\""),
                Lie.of(
                        "RESET_EXCHANGE twice",
                        error(),
                        (asked, liar) -> asked.node()
                                .control(times(2, resetExchange(asked.head().exchange(), 7, "")))),
                Lie.of("an answer behind RESET_EXCHANGE", error(), (asked, liar) -> {
                    asked.node().control(resetExchange(asked.head().exchange(), 7, ""));
                    asked.answer();
                }),
                Lie.of("RESET_EXCHANGE behind the answer", right(), (asked, liar) -> {
                    asked.answer();
                    asked.node().await(FrameType.CREDIT_EXCHANGE);
                    asked.node().control(resetExchange(asked.head().exchange(), 7, ""));
                }),
                control(
                        "RESET_EXCHANGE of an exchange that is not there, 10,000 times",
                        right(),
                        times(10_000, resetExchange(new Id(1, 2), 5, ""))),
                fatal(
                        "RESET_EXCHANGE of 10 bytes",
                        of(FrameType.RESET_EXCHANGE, Bytes.of().u64(1).u16(0))),
                fatal(
                        "RESET_EXCHANGE with a reason that is not UTF-8",
                        of(
                                FrameType.RESET_EXCHANGE,
                                Bytes.of().u64(1).u64(1).u32(5).string(new byte[] {(byte) 0xff}))),
                fatal(
                        "RESET_EXCHANGE with bytes behind it",
                        of(
                                FrameType.RESET_EXCHANGE,
                                Bytes.of().u64(1).u64(1).u32(5).string("").u8(1))));
    }

    private static RawFrame[] verdicts(int count) {
        RawFrame[] all = new RawFrame[count];
        for (int i = 0; i < count; i++) {
            all[i] = ping(7_000 + i, (i + 1) % 2);
        }
        return all;
    }
}
