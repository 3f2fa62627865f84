// SPDX-License-Identifier: MIT
package io.goinfer.proxy.lies;

import static io.goinfer.proxy.lies.Lie.frames;
import static io.goinfer.proxy.lies.Outcome.cut;
import static io.goinfer.proxy.lies.Outcome.right;
import static io.goinfer.proxy.testing.RawFrame.data;
import static io.goinfer.proxy.testing.RawFrame.response;
import static io.goinfer.proxy.testing.RawFrame.trailers;

import io.goinfer.proxy.testing.Bytes;
import io.goinfer.proxy.testing.RawFrame;
import io.goinfer.tunnel.frame.Frame;
import io.goinfer.tunnel.frame.FrameType;
import java.util.List;

/** Trailers: what never may stand there (RFC 9110 §6.5.1), and what is no field at all. */
final class TrailerLies {
    private static final RawFrame HEAD = response(200, "content-type", "text/plain");

    private TrailerLies() {}

    /** A field that frames, routes or authenticates: it comes too late to mean anything, and must not be passed on. */
    private static Lie late(String field, String value) {
        return frames(
                "trailer " + field, right().without(field).or(cut()), HEAD, data("right"), trailers(field, value));
    }

    private static Lie broken(String name, String... fields) {
        return frames(name, cut(), HEAD, data("right"), trailers(fields));
    }

    private static Lie raw(String name, Bytes payload) {
        return frames(name, cut(), HEAD, data("right"), RawFrame.of(FrameType.TRAILERS, Frame.END, payload));
    }

    private static String[] fields(int count) {
        String[] all = new String[2 * count];
        for (int i = 0; i < count; i++) {
            all[2 * i] = "x-" + i;
            all[2 * i + 1] = "1";
        }
        return all;
    }

    static List<Lie> all() {
        return List.of(
                late("content-length", "3"),
                frames(
                        "trailer transfer-encoding",
                        right().and(reply -> {
                                    if (reply.trailers().contains("transfer-encoding")) {
                                        throw new AssertionError("trailers: " + reply.trailers());
                                    }
                                })
                                .or(cut()),
                        HEAD,
                        data("right"),
                        trailers("transfer-encoding", "chunked")),
                late("connection", "close"),
                late("keep-alive", "timeout=1"),
                late("upgrade", "h2c"),
                late("te", "trailers"),
                late("host", "evil"),
                late("authorization", "Bearer evil"),
                late("set-cookie", "evil=1"),
                late("content-encoding", "gzip"),
                frames(
                        "trailer content-type",
                        right().or(cut()).and(reply -> {
                            if (reply.trailers().contains("content-type")) {
                                throw new AssertionError("trailers: " + reply.trailers());
                            }
                        }),
                        HEAD,
                        data("right"),
                        trailers("content-type", "text/html")),
                late("trailer", "x-a"),
                late("access-control-allow-origin", "*"),
                late(":status", "500"),
                broken("a trailer's name with a blank", "x y", "1"),
                broken("a trailer's name in upper case", "X-Upper", "1"),
                broken("a trailer without a name", "", "1"),
                broken("a trailer's name with a colon", "x:y", "1"),
                broken("a trailer's name with a bracket", "x[y]", "1"),
                broken("a trailer with CR LF", "x-a", "b\r\n\r\nHTTP/1.1 200 OK\r\n\r\n"),
                broken("a trailer with a lone LF", "x-a", "b\nc"),
                broken("a trailer with a zero byte", "x-a", "b\u0000c"),
                frames(
                        "a trailer with 0x7f",
                        right().without("x-a").or(cut()),
                        HEAD,
                        data("right"),
                        trailers("x-a", "b\u007fc")),
                broken("257 trailers", fields(257)),
                raw(
                        "trailers of 64 KiB and a byte",
                        Bytes.of().u16(1).string("x").string("y".repeat(65_536 - 6))),
                raw("trailers of no byte", Bytes.of()),
                raw("fewer trailers than counted", Bytes.of().u16(2).string("x").string("1")),
                raw("a byte behind the trailers", Bytes.of().u16(0).u8(0)),
                frames(
                        "trailers behind a body with a length",
                        right().without("x-a"),
                        response(200, "content-length", "5"),
                        data("right"),
                        trailers("x-a", "b")),
                frames(
                                "trailers behind too much of a body",
                                cut().or(right(200, "ri")).or(Outcome.error()),
                                response(200, "content-length", "2"),
                                data("right"),
                                trailers("x-a", "b"))
                        .mayClose(),
                frames("trailers behind an empty head", right(200, ""), HEAD, trailers("x-a", "b")));
    }
}
