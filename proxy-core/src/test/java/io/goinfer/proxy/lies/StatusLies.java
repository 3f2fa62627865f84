// SPDX-License-Identifier: MIT
package io.goinfer.proxy.lies;

import static io.goinfer.proxy.lies.Lie.frames;
import static io.goinfer.proxy.lies.Outcome.broken;
import static io.goinfer.proxy.lies.Outcome.cut;
import static io.goinfer.proxy.lies.Outcome.error;
import static io.goinfer.proxy.lies.Outcome.right;
import static io.goinfer.proxy.testing.RawFrame.data;
import static io.goinfer.proxy.testing.RawFrame.info;
import static io.goinfer.proxy.testing.RawFrame.response;

import io.goinfer.proxy.testing.RawFrame;
import java.util.List;

/** Status codes that are none, or mean that there is no body (RFC 9110 §15, RFC 9112 §6.3). */
final class StatusLies {
    private static final RawFrame HEAD = response(200, "content-type", "text/plain");
    private static final RawFrame RIGHT = data("right").end();

    private StatusLies() {}

    static List<Lie> all() {
        return List.of(
                frames("status 0", error(), response(0).end()),
                frames("status 1", error(), response(1), RIGHT),
                frames("status 99", error(), response(99), RIGHT),
                frames("status 100 as the answer", error(), response(100), RIGHT),
                frames("status 103 as the answer", error(), response(103).end()),
                frames("status 199 as the answer", error(), response(199), RIGHT),
                frames("status 600", error(), response(600), RIGHT),
                frames("status 1000", error(), response(1_000), RIGHT),
                frames("status 65535", error(), response(65_535).end()),
                frames("INFO 99", error(), info(99), HEAD, RIGHT),
                frames("INFO 101", error(), info(101, "upgrade", "websocket"), HEAD, RIGHT),
                frames("INFO 200", error(), info(200), HEAD, RIGHT),
                frames("INFO 0", error(), info(0), HEAD, RIGHT),
                frames("INFO 65535", error(), info(65_535), HEAD, RIGHT),
                frames("INFO 100 that nobody waits for", right(), info(100), HEAD, RIGHT),
                frames("INFO with the flag END", right(), info(103).end(), HEAD, RIGHT),
                frames("101 that nobody asked for", error(), response(101, "upgrade", "websocket"), data("evil")),
                frames(
                        "101 with END that nobody asked for",
                        error(),
                        response(101, "upgrade", "websocket").end()),
                frames("101 without the field upgrade", error(), response(101)).asking(Ask.WEB_SOCKET),
                frames("101 to another protocol", error(), response(101, "upgrade", "h2c"), data("PRI * HTTP/2.0"))
                        .asking(Ask.WEB_SOCKET),
                frames(
                                "101 with a length",
                                reply101(),
                                response(101, "upgrade", "websocket", "content-length", "5")
                                        .end())
                        .asking(Ask.WEB_SOCKET),
                frames("204 with a body", none(204), response(204), data("evil").end()),
                frames(
                        "204 with a length",
                        none(204, "content-length"),
                        response(204, "content-length", "0").end()),
                frames(
                        "204 with a length and its body",
                        none(204, "content-length"),
                        response(204, "content-length", "5"),
                        RIGHT),
                frames(
                        "204 with a transfer coding",
                        none(204, "transfer-encoding"),
                        response(204, "transfer-encoding", "chunked").end()),
                frames("204 with trailers", none(204), response(204), RawFrame.trailers("x-a", "b")),
                frames("205 with a body", none(205), response(205), data("evil").end()),
                frames("304 with a body", none(304), response(304), data("evil").end()),
                frames("304 with a length and its body", none(304), response(304, "content-length", "5"), RIGHT),
                frames(
                        "304 with a body that is an answer",
                        none(304),
                        response(304),
                        data("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil").end()),
                frames(
                        "204 with a body that is an answer",
                        none(204),
                        response(204),
                        data("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil").end()),
                frames("a body to HEAD", none(200), HEAD, RIGHT).asking(Ask.HEAD),
                frames("a body with a length to HEAD", none(200), response(200, "content-length", "5"), RIGHT)
                        .asking(Ask.HEAD),
                frames(
                                "an answer as the body to HEAD",
                                none(200),
                                response(200, "content-length", "45"),
                                data("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil")
                                        .end())
                        .asking(Ask.HEAD),
                frames("trailers to HEAD", none(200).without("x-a"), HEAD, RawFrame.trailers("x-a", "b"))
                        .asking(Ask.HEAD),
                frames("a body to HEAD, and no END", broken().or(none(200)), HEAD, data("evil"))
                        .asking(Ask.HEAD)
                        .mayClose());
    }

    /** No body, or no answer at all; what is behind it must be the next answer. */
    private static Outcome none(int status) {
        return right(status, "").or(broken()).or(refusedHead());
    }

    /** goinfer's error to HEAD, which has no body. */
    private static Outcome refusedHead() {
        return right(502, "");
    }

    /** As {@link #none}, and the answer does not say it. */
    private static Outcome none(int status, String field) {
        return right(status, "").without(field).or(broken());
    }

    private static Outcome reply101() {
        return error().or(cut()).or(right(101, "").without("content-length"));
    }
}
