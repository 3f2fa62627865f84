// SPDX-License-Identifier: MIT
package io.goinfer.proxy.lies;

import static io.goinfer.proxy.lies.Lie.control;
import static io.goinfer.proxy.lies.Lie.fatal;
import static io.goinfer.proxy.lies.Outcome.error;
import static io.goinfer.proxy.lies.Outcome.right;
import static io.goinfer.proxy.testing.RawFrame.load;
import static io.goinfer.proxy.testing.RawFrame.models;

import io.goinfer.proxy.testing.Bytes;
import io.goinfer.proxy.testing.NumberedBackend;
import io.goinfer.proxy.testing.RawFrame;
import io.goinfer.tunnel.frame.FrameType;
import java.nio.charset.StandardCharsets;
import java.util.Collections;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** MODELS and LOAD (PROTOCOL.md §5.4, §5.5): JSON that is none, or says what cannot be. */
final class ModelsLies {
    private static final String ROW = "{\"id\":\"lie\"}";

    private ModelsLies() {}

    /** No list of models: what was told before holds, and the session goes on. */
    private static Lie unreadable(String name, String json) {
        return Lie.of(name, right(), (asked, liar) -> {
            asked.node().control(models(json));
            liar.settle(asked.node());
            if (!liar.serves()) {
                throw new AssertionError("the models that were told before are gone");
            }
            asked.answer();
        });
    }

    /** The model's row, which says more than it should. */
    private static Lie row(String name, String members) {
        return Lie.of(name, right(), (asked, liar) -> asked.answer())
                .opened(liar -> liar.connectWith("{\"models\":[{\"id\":\"lie\"," + members + "}]}"));
    }

    private static Lie list(String name, String rows) {
        return Lie.of(name, right(), (asked, liar) -> asked.answer())
                .opened(liar -> liar.connectWith("{\"models\":[" + rows + "]}"));
    }

    private static Lie busy(String name, String json) {
        return control(name, right(), load(json));
    }

    private static String nested(int depth) {
        return "[".repeat(depth) + "]".repeat(depth);
    }

    private static RawFrame raw(byte[] json) {
        return RawFrame.of(FrameType.MODELS, 0, Bytes.of().raw(json));
    }

    private static Lie bytes(String name, byte[] json) {
        return control(name, right(), raw(json));
    }

    private static String rows(int count) {
        return IntStream.range(0, count)
                .mapToObj(i -> "{\"id\":\"m" + i + "\"}")
                .collect(Collectors.joining(","));
    }

    private static String bad(String control) {
        return "lie" + control;
    }

    static List<Lie> all() {
        return List.of(
                unreadable("MODELS of no byte", ""),
                unreadable("MODELS that are no JSON", "models"),
                unreadable("MODELS that are an array", "[" + ROW + "]"),
                unreadable("MODELS that are a number", "5"),
                unreadable("MODELS that are null", "null"),
                unreadable("MODELS without a list", "{}"),
                unreadable("MODELS whose list is a string", "{\"models\":\"lie\"}"),
                unreadable("MODELS whose list is an object", "{\"models\":{\"id\":\"lie\"}}"),
                unreadable("MODELS that break off", "{\"models\":[{\"id\":\"li"),
                unreadable("MODELS without the last bracket", "{\"models\":[" + ROW + "]"),
                unreadable("MODELS with something behind them", "{\"models\":[]}]"),
                unreadable("MODELS with another MODELS behind them", "{\"models\":[]}{\"models\":[]}"),
                unreadable("MODELS 1,000 deep", "{\"models\":[{\"id\":\"x\",\"meta\":{\"a\":" + nested(1_000) + "}}]}"),
                unreadable("MODELS 400,000 deep", "{\"models\":[{\"id\":\"x\",\"a\":" + nested(400_000) + "}]}"),
                unreadable("a list 1,000 deep", "{\"models\":" + nested(1_000) + "}"),
                unreadable("NaN in MODELS", "{\"models\":[{\"id\":\"x\",\"created\":NaN}]}"),
                unreadable("a comment in MODELS", "{\"models\":[] /* evil */}"),
                unreadable("single quotes in MODELS", "{'models':[]}"),
                unreadable("a control character in MODELS", "{\"models\":[{\"id\":\"a\nb\"}]}"),
                bytes("MODELS that are not UTF-8", new byte[] {'{', '"', (byte) 0xff, '"', ':', '1', '}'}),
                bytes("MODELS in UTF-16", "{\"models\":[]}".getBytes(StandardCharsets.UTF_16BE)),
                bytes("MODELS in UTF-32", new byte[] {0, 0, 0, '{', 0, 0, 0, '}'}),
                bytes("MODELS of zero bytes", new byte[100]),
                fatal("MODELS of 1 MiB and a byte", raw(new byte[(1 << 20) + 1])),
                fatal("MODELS that say 16 MiB", models("{}").claiming(0xffffff)),
                control(
                        "MODELS 200 times",
                        right(),
                        Collections.nCopies(200, models(Liar.MODELS)).toArray(RawFrame[]::new)),
                control(
                        "MODELS that come and go 100 times",
                        right(),
                        IntStream.range(0, 200)
                                .mapToObj(i -> models(i % 2 == 0 ? "{\"models\":[]}" : Liar.MODELS))
                                .toArray(RawFrame[]::new)),
                control("MODELS without the model that is asked", right(), models("{\"models\":[]}")),
                // rows
                list("10,001 models, the right one first", ROW + "," + rows(10_000)),
                list("a model twice", ROW + "," + ROW),
                list("a model 5,000 times", String.join(",", Collections.nCopies(5_000, ROW))),
                list("models that are no objects", "5,\"x\",null,[]," + ROW + ",[[" + ROW + "]],true"),
                list("a model without an id", "{}," + ROW),
                list("a model whose id is empty", "{\"id\":\"\"}," + ROW),
                list("a model whose id is a number", "{\"id\":5}," + ROW),
                list("a model whose id is an object", "{\"id\":{\"id\":\"x\"}}," + ROW),
                list("a model whose id is there twice", "{\"id\":\"other\",\"id\":\"lie\"}"),
                list("a model whose id has 500,000 characters", "{\"id\":\"" + "x".repeat(500_000) + "\"}," + ROW),
                list("a model whose id is a half surrogate", "{\"id\":\"\\ud800\"}," + ROW),
                list("a model whose id is a script", "{\"id\":\"</script><script>alert(1)</script>\"}," + ROW),
                list("another node's model", "{\"id\":\"honest\"}," + ROW),
                Lie.of(
                                "another node's model by its full name",
                                right(200, NumberedBackend.ANSWER),
                                (asked, liar) -> asked.answer())
                        .opened(liar -> liar.connectWith("{\"models\":[{\"id\":\"honest/honest\"}," + ROW + "]}"))
                        .forModel("honest/honest")
                        .asking(Ask.COMPLETION),
                asked("a model whose id has a line end", bad("\\r\\nset-cookie: evil=1")),
                asked("a model whose id has a zero byte", bad("\\u0000x")),
                asked("a model whose id has 0x7f", bad("\\u007fx")),
                asked("a model whose id has an escape", bad("\\u001b[2J")),
                asked("a model whose id has 70,000 characters", "x".repeat(70_000)),
                asked("a model whose id has wide characters", bad("\\u010d\\u010a")),
                row("created is text", "\"created\":\"now\""),
                row("created is negative", "\"created\":-5"),
                row("created is a fraction", "\"created\":1.5"),
                row("created is 2^63", "\"created\":9223372036854775808"),
                row("created has 900 digits", "\"created\":" + "9".repeat(900)),
                row("meta is text", "\"meta\":\"x\""),
                row("meta has 500,000 bytes", "\"meta\":{\"a\":\"" + "x".repeat(500_000) + "\"}"),
                row("meta is 50 deep", "\"meta\":{\"a\":" + nested(50) + "}"),
                row("meta has a half surrogate", "\"meta\":{\"a\":\"\\udc00\"}"),
                row("meta has a number that is none", "\"meta\":{\"a\":1e99999}"),
                row("status is text", "\"status\":\"loaded\""),
                row("status is nothing that there is", "\"status\":{\"value\":\"on fire\"}"),
                row("status is deep", "\"status\":{\"value\":" + nested(40) + "}"),
                row("unlisted is text", "\"unlisted\":\"yes\""),
                row("loading_state is a number", "\"loading_state\":1"),
                row("the row has another's members", "\"object\":\"evil\",\"owned_by\":\"honest\",\"created\":1"),
                row("the description ends the row", "\"description\":\"\\\"}],\\\"evil\\\":[{\""),
                row("the name is an object", "\"name\":{\"a\":[1,2,{\"b\":null}]}"),
                row("the name is there twice", "\"name\":\"a\",\"name\":\"b\""),
                row("the context has a length that is none", "\"context_length\":1e400"),
                // LOAD
                busy("LOAD of no byte", ""),
                busy("LOAD that is no JSON", "busy"),
                busy("LOAD that is an array", "[1]"),
                busy("LOAD that breaks off", "{\"busy\":"),
                busy("LOAD of negative slots", "{\"slots\":-5,\"busy\":-1,\"queued\":-9223372036854775808}"),
                busy(
                        "LOAD of more than there can be",
                        "{\"slots\":99999999999999999999,\"busy\":99999999999999999999,\"queued\":1e300}"),
                busy("LOAD with an exponent of 10 digits", "{\"busy\":1e9999999999}"),
                busy("LOAD with a negative exponent of 10 digits", "{\"queued\":1e-9999999999}"),
                busy("LOAD with an exponent of 9 digits", "{\"busy\":1e999999999}"),
                busy("LOAD with NaN", "{\"busy\":NaN}"),
                busy("LOAD of text", "{\"busy\":\"very\",\"loaded\":\"lie\"}"),
                busy("LOAD 1,000 deep", "{\"loaded\":" + nested(1_000) + "}"),
                busy("LOAD 30,000 deep", "{\"loaded\":" + nested(30_000) + "}"),
                busy("LOAD with models that are none", "{\"loaded\":[1,null,{},[],\"\",\"honest\"]}"),
                control(
                        "LOAD 2,000 times",
                        right(),
                        Collections.nCopies(2_000, load("{\"busy\":1}")).toArray(RawFrame[]::new)),
                control(
                        "LOAD that is not UTF-8",
                        right(),
                        RawFrame.of(FrameType.LOAD, 0, Bytes.of().raw('{', '"', 0xff, '"', ':', '1', '}'))),
                fatal(
                        "LOAD of 64 KiB and a byte",
                        RawFrame.of(FrameType.LOAD, 0, Bytes.of().raw(new byte[65_537]))));
    }

    /** A client asks for the model by this very name: it gets the right answer or an error. */
    private static Lie asked(String name, String json) {
        return Lie.of(name, right().or(error()), (asked, liar) -> asked.answer())
                .opened(liar -> liar.connectWith("{\"models\":[{\"id\":\"" + json + "\"}," + ROW + "]}"))
                .forModel(json);
    }
}
