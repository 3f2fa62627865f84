// SPDX-License-Identifier: MIT
package io.goinfer.proxy.lies;

import static io.goinfer.proxy.lies.Lie.frames;
import static io.goinfer.proxy.lies.Outcome.broken;
import static io.goinfer.proxy.lies.Outcome.cut;
import static io.goinfer.proxy.lies.Outcome.error;
import static io.goinfer.proxy.lies.Outcome.right;
import static io.goinfer.proxy.testing.RawFrame.data;
import static io.goinfer.proxy.testing.RawFrame.info;
import static io.goinfer.proxy.testing.RawFrame.reset;
import static io.goinfer.proxy.testing.RawFrame.response;
import static io.goinfer.proxy.testing.RawFrame.trailers;

import io.goinfer.proxy.testing.Bytes;
import io.goinfer.proxy.testing.RawFrame;
import io.goinfer.tunnel.frame.FrameType;
import java.util.Collections;
import java.util.List;

/** PROTOCOL.md §6: {@code (INFO)* RESPONSE (DATA)* [TRAILERS]}, then nothing. */
final class GrammarLies {
    private static final RawFrame HEAD = response(200, "content-type", "text/plain");
    private static final RawFrame RIGHT = data("right").end();

    private GrammarLies() {}

    private static RawFrame[] many(int count, RawFrame frame, RawFrame... behind) {
        List<RawFrame> all = new java.util.ArrayList<>(Collections.nCopies(count, frame));
        all.addAll(List.of(behind));
        return all.toArray(RawFrame[]::new);
    }

    static List<Lie> all() {
        return List.of(
                // out of order
                frames("DATA before RESPONSE", error(), data("x"), HEAD, RIGHT),
                frames("DATA with END and no RESPONSE", error(), RIGHT),
                frames("TRAILERS before RESPONSE", error(), trailers(), HEAD, RIGHT),
                frames("two RESPONSEs", cut(), HEAD, HEAD, RIGHT),
                frames("a RESPONSE in the middle of the body", cut(), HEAD, data("x"), HEAD, RIGHT),
                frames("INFO behind RESPONSE", cut(), HEAD, info(103), RIGHT),
                frames("INFO in the middle of the body", cut(), HEAD, data("x"), info(103), RIGHT),
                frames("33 INFO", error(), many(33, info(103), HEAD, RIGHT)),
                frames(
                        "a REQUEST as an answer",
                        error(),
                        RawFrame.of(
                                FrameType.REQUEST,
                                1,
                                Bytes.of()
                                        .u64(1)
                                        .u64(2)
                                        .u8(0)
                                        .u64(1)
                                        .u32(65_536)
                                        .raw(RawFrame.fields(":method", "GET", ":path", "/", ":authority", "x")
                                                .array()))),
                frames(
                        "a REQUEST in the middle of the body",
                        cut(),
                        HEAD,
                        data("x"),
                        RawFrame.of(
                                FrameType.REQUEST,
                                1,
                                Bytes.of()
                                        .u64(1)
                                        .u64(2)
                                        .u8(1)
                                        .u64(1)
                                        .u32(0)
                                        .raw(RawFrame.fields().array()))),
                // no end
                frames("FIN without a frame", error()),
                frames("FIN behind INFO", error(), info(103)),
                frames("FIN behind RESPONSE", cut(), HEAD),
                frames("FIN behind DATA without END", cut(), HEAD, data("right")),
                frames(
                                "FIN without END behind all that content-length says",
                                broken().or(right()),
                                response(200, "content-length", "5"),
                                data("right"))
                        .mayClose(),
                frames(
                        "TRAILERS without END",
                        cut(),
                        HEAD,
                        data("right"),
                        trailers("x-a", "b").flags(0)),
                frames(
                        "TRAILERS without END, then with it",
                        cut(),
                        HEAD,
                        data("right"),
                        trailers("x-a", "b").flags(0),
                        trailers("x-c", "d")),
                // behind the end
                frames(
                        "RESPONSE behind a RESPONSE with END",
                        right(200, ""),
                        HEAD.end(),
                        response(500).end()),
                frames("DATA behind a RESPONSE with END", right(200, ""), HEAD.end(), data("evil")),
                frames(
                        "DATA with END behind a RESPONSE with END",
                        right(200, ""),
                        HEAD.end(),
                        data("evil").end()),
                frames("DATA behind END", right(), HEAD, RIGHT, data("evil")),
                frames(
                        "DATA with END behind END",
                        right(),
                        HEAD,
                        RIGHT,
                        data("evil").end()),
                frames("much DATA behind END", right(), joined(many(100, data(16_384)), HEAD, RIGHT)),
                frames("empty DATA behind END", right(), HEAD, RIGHT, data("")),
                frames("TRAILERS behind END", right().without("x-evil"), HEAD, RIGHT, trailers("x-evil", "1")),
                frames(
                        "TRAILERS behind a RESPONSE with END",
                        right(200, "").without("x-evil"),
                        HEAD.end(),
                        trailers("x-evil", "1")),
                frames(
                        "TRAILERS twice",
                        right().without("x-evil"),
                        HEAD,
                        data("right"),
                        trailers("x-a", "b"),
                        trailers("x-evil", "1")),
                frames(
                        "DATA behind TRAILERS",
                        right(),
                        HEAD,
                        data("right"),
                        trailers("x-a", "b"),
                        data("evil").end()),
                frames("RESPONSE behind TRAILERS", right(), HEAD, data("right"), trailers("x-a", "b"), HEAD.end()),
                frames("INFO behind END", right(), HEAD, RIGHT, info(103)),
                frames("RESET behind END", right(), HEAD, RIGHT, reset(2, "evil")),
                frames("an unknown frame behind END", right(), HEAD, RIGHT, RawFrame.of(0x7e, 0, Bytes.of()))
                        .mayEnd(),
                frames("a frame too long behind END", right(), HEAD, RIGHT, data(20_000)),
                // RESET
                frames("RESET instead of an answer", error(), reset(2, "no")),
                frames("RESET behind RESPONSE", cut(), HEAD, reset(2, "no")),
                frames("RESPONSE behind RESET", error(), reset(2, "no"), HEAD, RIGHT),
                frames("DATA behind RESET", cut(), HEAD, reset(2, "no"), RIGHT),
                frames("RESET twice", error(), reset(2, "no"), reset(0, "yes")),
                Lie.of("RESET without FIN", error(), (asked, liar) -> asked.send(reset(2, "no"))),
                Lie.of("END without FIN", right(), (asked, liar) -> asked.send(HEAD, RIGHT)),
                // emptiness
                frames("a thousand empty DATA", right(), joined(many(1_000, data(""), RIGHT), HEAD)),
                frames(
                        "a thousand DATA of a byte",
                        right(200, "x".repeat(1_000)),
                        joined(many(1_000, data("x"), data("").end()), HEAD)));
    }

    private static RawFrame[] joined(RawFrame[] behind, RawFrame... first) {
        List<RawFrame> all = new java.util.ArrayList<>(List.of(first));
        all.addAll(List.of(behind));
        return all.toArray(RawFrame[]::new);
    }
}
