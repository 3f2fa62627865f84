// SPDX-License-Identifier: MIT
package io.goinfer.proxy.lies;

import static io.goinfer.proxy.lies.Lie.frames;
import static io.goinfer.proxy.lies.Outcome.broken;
import static io.goinfer.proxy.lies.Outcome.error;
import static io.goinfer.proxy.lies.Outcome.right;
import static io.goinfer.proxy.testing.RawFrame.data;
import static io.goinfer.proxy.testing.RawFrame.response;
import static io.goinfer.proxy.testing.RawFrame.trailers;

import io.goinfer.proxy.testing.Bytes;
import io.goinfer.proxy.testing.RawFrame;
import io.goinfer.tunnel.frame.FrameType;
import java.util.List;

/** Lengths: the body's (RFC 9110 §8.6), the head's, and those of frames and their fields (PROTOCOL.md §4). */
final class LengthLies {
    private static final RawFrame RIGHT = data("right").end();
    private static final RawFrame HEAD = response(200, "content-type", "text/plain");

    private LengthLies() {}

    /** A content-length that is none. */
    private static Lie length(String value) {
        return length(value, error());
    }

    private static Lie length(String value, Outcome outcome) {
        return frames("content-length: " + value, outcome, response(200, "content-length", value), RIGHT);
    }

    private static Lie head(String name, Bytes payload) {
        return frames(name, error(), RawFrame.of(FrameType.RESPONSE, 0, payload), RIGHT);
    }

    private static String[] fields(int count) {
        String[] all = new String[2 * count];
        for (int i = 0; i < count; i++) {
            all[2 * i] = "x-" + i;
            all[2 * i + 1] = "1";
        }
        return all;
    }

    /** Cut, refused, or over behind what was announced; whichever, nothing of the rest comes. */
    private static Outcome notMore(String body) {
        return broken().or(right(200, body));
    }

    static List<Lie> all() {
        return List.of(
                // the body's
                frames("a body longer than content-length", notMore("ri"), response(200, "content-length", "2"), RIGHT)
                        .mayClose(),
                frames(
                                "a body in two pieces, longer than content-length",
                                notMore("rig"),
                                response(200, "content-length", "3"),
                                data("ri"),
                                data("ght").end())
                        .mayClose(),
                frames("a body behind content-length: 0", notMore(""), response(200, "content-length", "0"), RIGHT)
                        .mayClose(),
                frames(
                                "an answer behind what content-length says",
                                notMore("right"),
                                response(200, "content-length", "5"),
                                data("rightHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil")
                                        .end())
                        .mayClose(),
                frames(
                                "an answer in a DATA of its own behind what content-length says",
                                notMore("right"),
                                response(200, "content-length", "5"),
                                data("right"),
                                data("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil")
                                        .end())
                        .mayClose(),
                frames("a body shorter than content-length", broken(), response(200, "content-length", "6"), RIGHT),
                frames(
                        "no body where content-length says one",
                        broken(),
                        response(200, "content-length", "5").end()),
                frames(
                        "a body shorter than content-length, and trailers",
                        broken(),
                        response(200, "content-length", "6"),
                        data("right"),
                        trailers("x-a", "b")),
                frames(
                        "content-length of 2^62",
                        broken(),
                        response(200, "content-length", "4611686018427387904"),
                        RIGHT),
                length("-1"),
                length("-5"),
                length("+5"),
                length("0x5"),
                length(""),
                length("5.0"),
                length("5e0"),
                length("5a"),
                length("5;5"),
                length("5 5"),
                length("\u0665"),
                length("9223372036854775808"),
                length("18446744073709551621"),
                length("99999999999999999999999"),
                length("4294967301", broken()),
                length("5, 6"),
                length("5,"),
                length("5, 5", right().or(error())),
                length("five"),
                frames(
                        "content-length twice, the same",
                        right().or(error()),
                        response(200, "content-length", "5", "content-length", "5"),
                        RIGHT),
                frames(
                        "content-length twice, two values",
                        error(),
                        response(200, "content-length", "5", "content-length", "6"),
                        RIGHT),
                frames(
                        "content-length twice, one of them none",
                        error(),
                        response(200, "content-length", "5", "content-length", "x"),
                        RIGHT),
                // the head's
                frames("257 fields", error(), response(200, fields(257)), RIGHT),
                frames("5,000 fields", error(), response(200, fields(5_000)), RIGHT),
                head(
                        "a head of 64 KiB and a byte",
                        Bytes.of().u16(200).u16(1).string("x").string("y".repeat(65_536 - 8))),
                head("a head of 1 MiB", Bytes.of().u16(200).u16(0).raw(new byte[1 << 20])),
                head("a head of no byte", Bytes.of()),
                head("a head of a byte", Bytes.of().u8(200)),
                head("a head without a count", Bytes.of().u16(200)),
                head("a head with half a count", Bytes.of().u16(200).u8(0)),
                head(
                        "a head with fewer fields than it counts",
                        Bytes.of().u16(200).u16(2).string("x").string("1")),
                head(
                        "a head with more fields than it counts",
                        Bytes.of().u16(200).u16(0).string("x").string("1")),
                head(
                        "a head with a name without a value",
                        Bytes.of().u16(200).u16(1).string("x")),
                head(
                        "a name that is longer than the head",
                        Bytes.of().u16(200).u16(1).u16(60_000).raw('x')),
                head(
                        "a value that is longer than the head",
                        Bytes.of().u16(200).u16(1).string("x").u16(65_535).raw('1')),
                head("65,535 fields that are not there", Bytes.of().u16(200).u16(65_535)),
                head("a byte behind the head", Bytes.of().u16(200).u16(0).u8(0)),
                // frames of the exchange
                frames(
                        "DATA of 16 KiB and a byte",
                        Outcome.cut(),
                        HEAD,
                        data(16_385).end()),
                frames("DATA of 1 MiB", Outcome.cut(), HEAD, data(1 << 20).end()),
                frames(
                        "INFO without a count",
                        error(),
                        RawFrame.of(FrameType.INFO, 0, Bytes.of().u16(103)),
                        HEAD,
                        RIGHT),
                frames(
                        "INFO of 64 KiB and a byte",
                        error(),
                        RawFrame.of(
                                FrameType.INFO, 0, Bytes.of().u16(103).u16(0).raw(new byte[65_533])),
                        HEAD,
                        RIGHT),
                frames("RESET of 4 KiB and a byte", error(), RawFrame.reset(2, "x".repeat(4_097 - 6))),
                frames(
                        "RESET without a reason",
                        error(),
                        RawFrame.of(FrameType.RESET, 0, Bytes.of().u32(2))),
                frames("RESET of no byte", error(), RawFrame.of(FrameType.RESET, 0, Bytes.of())),
                frames(
                        "RESET with a reason longer than it is",
                        error(),
                        RawFrame.of(
                                FrameType.RESET, 0, Bytes.of().u32(2).u16(4_000).raw('x'))),
                frames(
                        "RESET with a byte behind it",
                        error(),
                        RawFrame.of(
                                FrameType.RESET,
                                0,
                                Bytes.of().u32(2).string("no").u8(0))),
                frames(
                        "a reason that is not UTF-8",
                        error(),
                        RawFrame.of(FrameType.RESET, 0, Bytes.of().u32(2).string(new byte[] {(byte) 0xff}))),
                frames("a reason with control characters", error(), RawFrame.reset(2, "no\r\n\u001b[2J\u0000\"\\")),
                frames("a reason of 4,000 bytes", error(), RawFrame.reset(2, "x".repeat(4_000))));
    }
}
