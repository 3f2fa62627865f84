// SPDX-License-Identifier: MIT
package io.goinfer.proxy.lies;

import static io.goinfer.proxy.lies.Lie.frames;
import static io.goinfer.proxy.lies.Outcome.broken;
import static io.goinfer.proxy.lies.Outcome.error;
import static io.goinfer.proxy.lies.Outcome.right;
import static io.goinfer.proxy.testing.RawFrame.data;
import static io.goinfer.proxy.testing.RawFrame.info;
import static io.goinfer.proxy.testing.RawFrame.response;

import io.goinfer.proxy.testing.Bytes;
import io.goinfer.proxy.testing.RawFrame;
import io.goinfer.tunnel.frame.FrameType;
import java.util.List;

/** Fields of heads: what they may be (RFC 9110 §5), and what only this hop says (§7.6.1). */
final class FieldLies {
    private static final RawFrame RIGHT = data("right").end();

    private FieldLies() {}

    /** In the head of an answer that is right but for it. */
    private static Lie field(String name, Outcome outcome, String field, String value) {
        return frames(name, outcome, response(200, "content-type", "text/plain", field, value), RIGHT);
    }

    /** What belongs to a hop or to the relay: it is taken out, or the answer is refused. */
    private static Lie ours(String field, String value) {
        // A coding of the relay's own is checked by the client.
        Outcome right = field.equals("transfer-encoding") ? right() : right().without(field);
        return field("field " + field + ": " + value, right.or(error()), field, value);
    }

    private static Lie head(String name, Bytes payload) {
        return frames(name, error(), RawFrame.of(FrameType.RESPONSE, 0, payload), RIGHT);
    }

    private static Bytes raw(byte[] name, byte[] value) {
        return Bytes.of().u16(200).u16(1).string(name).string(value);
    }

    private static byte[] bytes(int... all) {
        return Bytes.of().raw(all).array();
    }

    static List<Lie> all() {
        return List.of(
                // names
                field("a name with a blank", error(), "x y", "1"),
                field("a name with a blank behind it", error(), "content-length ", "5"),
                field("a name in upper case", error(), "X-Upper", "1"),
                field("a field without a name", error(), "", "1"),
                field("a name with a colon", error(), "x:y", "1"),
                field("a name that ends with a colon", error(), "x:", "1"),
                field("a name with a line end", error(), "x\r\ny", "1"),
                field("a name with a tab", error(), "x\ty", "1"),
                field("a name with a zero byte", error(), "x\u0000y", "1"),
                field("a name with 0x7f", error(), "x\u007fy", "1"),
                field("a name that is not ASCII", error(), "x\u00fc", "1"),
                field("a name with a bracket", error(), "x(y)", "1"),
                field("a name with a comma", error(), "x,y", "1"),
                field("a name with a quote", error(), "x\"y", "1"),
                field("a name with a slash", error(), "x/y", "1"),
                field("a name with a semicolon", error(), "x;y", "1"),
                field("a name with an equals sign", error(), "x=y", "1"),
                field("a name with an at sign", error(), "x@y", "1"),
                field("a name with a backslash", error(), "x\\y", "1"),
                field("a name with braces", error(), "{x}", "1"),
                head("a name that is not UTF-8", raw(bytes('x', 0xff), bytes('1'))),
                field(
                        "a status among the fields",
                        right().without(":status", "status").or(error()),
                        ":status",
                        "500"),
                field("a method among the fields", right().or(error()), ":method", "GET"),
                field("a pseudo field of its own", right().or(error()), ":x", "1"),
                field("a name that is a colon", right().or(error()), ":", "1"),
                // values
                field("a value with CR LF", error(), "x-a", "b\r\nset-cookie: evil=1"),
                field("a value with a blank line", error(), "x-a", "b\r\n\r\nevil"),
                field("a value with a lone LF", error(), "x-a", "b\nset-cookie: evil=1"),
                field("a value with a lone CR", error(), "x-a", "b\rset-cookie: evil=1"),
                field("a value that is folded", error(), "x-a", "b\r\n c"),
                field("a value with a zero byte", error(), "x-a", "b\u0000c"),
                field("a value with 0x01", right().without("x-a").or(error()), "x-a", "b\u0001c"),
                field("a value with a vertical tab", right().without("x-a").or(error()), "x-a", "b\u000bc"),
                field("a value with a form feed", right().without("x-a").or(error()), "x-a", "b\u000cc"),
                field("a value with an escape", right().without("x-a").or(error()), "x-a", "\u001b[2J"),
                field("a value with 0x7f", right().without("x-a").or(error()), "x-a", "b\u007fc"),
                field(
                        "a value whose low byte is a line end",
                        right().or(error()),
                        "x-a",
                        "b\u010d\u010aset-cookie: evil=1"),
                field("a value whose characters are wide", right().or(error()), "x-a", "\u2028\ud83d\ude00"),
                field("blanks around a value", right(), "x-a", "  b  "),
                field("a value of blanks", right(), "x-a", "   "),
                head("a value that is not UTF-8", raw(bytes('x'), bytes(0xc3, 0x28))),
                head("a value that is a surrogate", raw(bytes('x'), bytes(0xed, 0xa0, 0x80))),
                head("a value in overlong UTF-8", raw(bytes('x'), bytes('a', 0xc0, 0x8a, 'b'))),
                // what only a hop says
                ours("connection", "close"),
                ours("connection", "x-a"),
                ours("connection", "keep-alive, content-type"),
                ours("keep-alive", "timeout=1"),
                ours("proxy-connection", "close"),
                ours("transfer-encoding", "chunked"),
                ours("transfer-encoding", "gzip, chunked"),
                ours("transfer-encoding", "identity"),
                ours("te", "trailers"),
                ours("upgrade", "h2c"),
                ours("http2-settings", "AAMAAABkAARAAAAAAAIAAAAA"),
                frames(
                        "a transfer coding beside a length",
                        right().or(error()),
                        response(200, "transfer-encoding", "chunked", "content-length", "5"),
                        RIGHT),
                frames(
                        "a field that connection names",
                        right().without("x-hop", "connection").or(error()),
                        response(200, "connection", "x-hop", "x-hop", "1"),
                        RIGHT),
                // what only the relay says
                ours("access-control-allow-origin", "*"),
                ours("access-control-allow-credentials", "true"),
                ours("access-control-allow-headers", "*"),
                ours("access-control-max-age", "86400"),
                ours("access-control-expose-headers", "x-a"),
                field(
                        "another node's name",
                        right().with("x-goinfer-node", Liar.NAME).or(error()),
                        "x-goinfer-node",
                        "honest"),
                field(
                        "another model's name",
                        right().with("x-goinfer-model", Liar.MODEL).or(error()),
                        "x-goinfer-model",
                        "honest"),
                field("another request's id", right().or(error()), "x-request-id", "other"),
                // interim heads
                frames(
                        "INFO with a length",
                        right().without("content-length").or(error()),
                        info(103, "content-length", "5"),
                        response(200, "content-type", "a/b"),
                        RIGHT),
                frames(
                        "INFO with a transfer coding",
                        interimsWithout("transfer-encoding").or(error()),
                        info(103, "transfer-encoding", "chunked"),
                        response(200),
                        RIGHT),
                frames(
                        "INFO with connection: close",
                        right().without("connection").or(error()),
                        info(103, "connection", "close"),
                        response(200),
                        RIGHT),
                frames(
                        "INFO with a value with CR LF",
                        error(),
                        info(103, "x-a", "b\r\n\r\nHTTP/1.1 200 OK"),
                        response(200),
                        RIGHT),
                frames("INFO with a name with a bracket", error(), info(103, "x(y", "1"), response(200), RIGHT),
                frames(
                        "INFO with CORS",
                        right().without("access-control-allow-origin").or(error()),
                        info(103, "access-control-allow-origin", "*"),
                        response(200),
                        RIGHT),
                // events
                frames(
                                "events longer than content-length",
                                broken(),
                                response(200, "content-type", "text/event-stream", "content-length", "3"),
                                data("data: 1\n\n").end())
                        .asking(Ask.STREAM),
                frames(
                                "a stream of events that breaks off",
                                broken(),
                                response(200, "content-type", "text/event-stream"),
                                data("data: 1\n\n"))
                        .asking(Ask.STREAM),
                frames(
                                "a reason that is an event",
                                broken().and(noForgery()),
                                response(200, "content-type", "text/event-stream"),
                                data("data: 1\n\n"),
                                RawFrame.reset(2, "\n\ndata: evil\n\n"))
                        .asking(Ask.STREAM),
                frames(
                                "a reason that is an event, and half an event",
                                broken().and(noForgery()),
                                response(200, "content-type", "text/event-stream"),
                                data("data: {"),
                                RawFrame.reset(2, "\n\ndata: evil\n\n"))
                        .asking(Ask.STREAM));
    }

    private static Outcome interimsWithout(String field) {
        return reply -> {
            right().check(reply);
            if (reply.interims().toString().contains(field)) {
                throw new AssertionError(field + " in " + reply.interims());
            }
        };
    }

    private static Outcome noForgery() {
        return reply -> {
            if (reply.body().contains("\ndata: evil")) {
                throw new AssertionError("a forged event: " + reply.body());
            }
        };
    }
}
