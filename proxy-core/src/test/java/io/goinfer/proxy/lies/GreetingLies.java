// SPDX-License-Identifier: MIT
package io.goinfer.proxy.lies;

import static io.goinfer.proxy.lies.Outcome.error;
import static io.goinfer.proxy.lies.Outcome.right;

import io.goinfer.proxy.testing.Bytes;
import io.goinfer.proxy.testing.Greeting;
import io.goinfer.proxy.testing.RawFrame;
import io.goinfer.proxy.testing.ScriptedTcpNode;
import io.goinfer.tunnel.frame.Code;
import io.goinfer.tunnel.frame.FrameType;
import java.io.IOException;
import java.net.SocketException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.function.Consumer;

/** The way to a session: the upgrade (PROTOCOL.md §3) and HELLO (§5.1). */
final class GreetingLies {
    private static final String LINE = "GET /.well-known/goinfer/v1 HTTP/1.1\r\nhost: relay\r\n";

    private GreetingLies() {}

    /** An upgrade that is none: an HTTP answer with this status, and no tunnel. */
    private static Lie upgrade(String name, String request, String... statuses) {
        return Lie.greeting(name, liar -> {
            ScriptedTcpNode node = liar.knock();
            String answer = answer(node, request);
            for (String status : statuses) {
                if (answer.startsWith("HTTP/1.1 " + status + " ") || status.isEmpty() && answer.isEmpty()) {
                    return null;
                }
            }
            throw new AssertionError("answered: " + answer);
        });
    }

    private static String answer(ScriptedTcpNode node, String request) throws IOException {
        try {
            node.raw(request.getBytes(StandardCharsets.ISO_8859_1));
            return node.head();
        } catch (SocketException e) {
            return "";
        }
    }

    /** The first frames, which are no greeting. */
    private static Lie first(String name, Code code, RawFrame... frames) {
        return Lie.greeting(name, liar -> {
                    ScriptedTcpNode node = liar.dial();
                    node.control(frames);
                    return node;
                })
                .ends(code);
    }

    /** A greeting that is right but for this. */
    private static Lie hello(String name, Code code, Consumer<Greeting> lie) {
        return Lie.greeting(name, liar -> {
                    ScriptedTcpNode node = liar.dial();
                    Greeting greeting = liar.greeting();
                    lie.accept(greeting);
                    node.control(greeting.frame());
                    return node;
                })
                .ends(code);
    }

    /** A greeting that says more than it knows, and harms nobody. */
    private static Lie odd(String name, Consumer<Greeting> lie) {
        return Lie.of(name, right(), (asked, liar) -> asked.answer()).opened(liar -> {
            Greeting greeting = liar.greeting();
            lie.accept(greeting);
            return liar.serve(liar.dial(), greeting, Liar.MODELS);
        });
    }

    /** A text for people that is too long or has control characters: refused, or made harmless. */
    private static Lie label(String name, Consumer<Greeting> lie) {
        return Lie.of(name, right().or(error()), (asked, liar) -> asked.answer())
                .opened(liar -> {
                    Greeting greeting = liar.greeting();
                    lie.accept(greeting);
                    ScriptedTcpNode node = liar.dial();
                    try {
                        return liar.serve(node, greeting, Liar.MODELS);
                    } catch (IOException e) {
                        return node;
                    }
                })
                .mayEnd();
    }

    private static Lie payload(String name, Bytes payload) {
        return first(name, Code.PROTOCOL, RawFrame.of(FrameType.HELLO, 0, payload));
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private static Greeting greeting() {
        return new Greeting(new io.goinfer.tunnel.frame.Id(5, 5), 1L << 40);
    }

    static List<Lie> all() {
        return List.of(
                upgrade(
                        "an upgrade to another protocol",
                        LINE + "connection: upgrade\r\nupgrade: websocket\r\n\r\n",
                        "426"),
                upgrade("an upgrade that connection does not name", LINE + "upgrade: goinfer-tunnel\r\n\r\n", "426"),
                upgrade("no upgrade", LINE + "\r\n", "426"),
                upgrade(
                        "an upgrade with POST",
                        ScriptedTcpNode.UPGRADE.replace("GET", "POST"),
                        "404",
                        "405",
                        "426",
                        "400",
                        "401"),
                upgrade(
                        "an upgrade of HTTP/1.0",
                        ScriptedTcpNode.UPGRADE.replace("HTTP/1.1", "HTTP/1.0"),
                        "426",
                        "400",
                        "505"),
                upgrade(
                        "an upgrade with two lengths",
                        ScriptedTcpNode.UPGRADE.replace(
                                "\r\n\r\n", "\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\nhello"),
                        "400"),
                upgrade(
                        "an upgrade with a coding that is none",
                        ScriptedTcpNode.UPGRADE.replace("\r\n\r\n", "\r\ntransfer-encoding: x\r\n\r\n"),
                        "400",
                        "501",
                        "426"),
                upgrade(
                        "an upgrade with a head of 1 MiB",
                        LINE + "x: " + "y".repeat(1 << 20) + "\r\n\r\n",
                        "431",
                        "400",
                        "413",
                        ""),
                upgrade("noise instead of an upgrade", "\u0001\u0002\u0003\u00ff\r\n\r\n", "400", "505", "501", ""),
                first("PING before HELLO", Code.PROTOCOL, RawFrame.ping(1, 0)),
                first("MODELS before HELLO", Code.PROTOCOL, RawFrame.models(Liar.MODELS)),
                first("GOAWAY before HELLO", Code.PROTOCOL, RawFrame.goAway(0, 0, "")),
                first("RESUME_OK before HELLO", Code.PROTOCOL, RawFrame.resumeOk(0)),
                first(
                        "HELLO_OK instead of HELLO",
                        Code.PROTOCOL,
                        RawFrame.of(
                                FrameType.HELLO_OK,
                                0,
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
                first("a type that is none before HELLO", Code.PROTOCOL, RawFrame.of(0x7e, 0, Bytes.of())),
                Lie.greeting("an answer before HELLO", liar -> {
                            ScriptedTcpNode node = liar.dial();
                            node.send(1, RawFrame.response(200).end());
                            return node;
                        })
                        .ends(Code.PROTOCOL),
                Lie.greeting("HELLO on stream 1", liar -> {
                            ScriptedTcpNode node = liar.dial();
                            node.send(1, liar.greeting().frame());
                            return node;
                        })
                        .ends(Code.PROTOCOL),
                Lie.greeting("HTTP behind the upgrade", liar -> {
                            ScriptedTcpNode node = liar.dial();
                            node.raw(bytes("GET /health HTTP/1.1\r\nhost: relay\r\n\r\n"));
                            return node;
                        })
                        .ends(Code.PROTOCOL),
                hello("versions that are none", Code.VERSION, greeting -> greeting.min = greeting.max = 0),
                hello("versions of the future", Code.VERSION, greeting -> greeting.min = greeting.max = 200),
                hello("versions in the wrong order", Code.VERSION, greeting -> {
                    greeting.min = 5;
                    greeting.max = 1;
                }),
                hello("no stream at all", Code.PROTOCOL, greeting -> greeting.streams = 0),
                hello("10,241 streams", Code.PROTOCOL, greeting -> greeting.streams = 10_241),
                hello("2^32 - 1 streams", Code.PROTOCOL, greeting -> greeting.streams = 0xffffffffL),
                hello("a floor of 0", Code.PROTOCOL, greeting -> greeting.floor = 0),
                hello("a floor of 1,023", Code.PROTOCOL, greeting -> greeting.floor = 1_023),
                hello("a floor of 65,537", Code.PROTOCOL, greeting -> greeting.floor = 65_537),
                hello("a floor of 2^31", Code.PROTOCOL, greeting -> greeting.floor = 1L << 31),
                hello(
                        "a wished name that is not UTF-8",
                        Code.PROTOCOL,
                        greeting -> greeting.name = new byte[] {(byte) 0xff}),
                payload("HELLO of no byte", Bytes.of()),
                payload(
                        "HELLO without its last byte",
                        Bytes.of()
                                .raw(java.util.Arrays.copyOf(
                                        greeting().payload().array(),
                                        greeting().payload().array().length - 1))),
                payload("HELLO with a byte behind it", greeting().payload().u8(0)),
                payload(
                        "HELLO with a name that is longer than it",
                        Bytes.of()
                                .raw(java.util.Arrays.copyOf(
                                        greeting().payload().array(), 47))
                                .u16(60_000)),
                payload("HELLO of 64 KiB and a byte", Bytes.of().raw(new byte[65_537])),
                first(
                        "HELLO that says 16 MiB",
                        Code.PROTOCOL,
                        greeting().frame().claiming(0xffffff)),
                odd("all features", greeting -> greeting.features = -1),
                odd("all features but those that there are", greeting -> greeting.features = -2),
                odd("an epoch of 2^63", greeting -> greeting.epoch = 1L << 63),
                odd("an epoch of 2^64 - 1", greeting -> greeting.epoch = -1),
                odd("the number 0", greeting -> greeting.number = 0),
                odd("the number 2^32 - 1", greeting -> greeting.number = 0xffffffffL),
                odd("versions up to 255", greeting -> greeting.max = 255),
                odd("versions from 0", greeting -> greeting.min = 0),
                odd("another node's name as its own", greeting -> greeting.name = bytes("honest")),
                label("a name of 60,000 bytes", greeting -> greeting.name = bytes("x".repeat(60_000))),
                label("a name with control characters", greeting -> greeting.name = bytes("a\r\nb\u0000\u001b[2J/../")),
                odd("no name for itself", greeting -> greeting.name = new byte[0]),
                label("a software of 60,000 bytes", greeting -> greeting.software = bytes("x".repeat(60_000))),
                label(
                        "a software with control characters",
                        greeting -> greeting.software = bytes("a\r\nnode honest disconnected\u001b[2J")),
                Lie.of("a lane that is none", right().or(error()), (asked, liar) -> asked.answer())
                        .opened(liar -> {
                            Greeting greeting = liar.greeting();
                            greeting.lane = 255;
                            return liar.serve(liar.dial(), greeting, Liar.MODELS);
                        })
                        .mayEnd());
    }
}
