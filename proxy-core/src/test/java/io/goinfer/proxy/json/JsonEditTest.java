// SPDX-License-Identifier: MIT
package io.goinfer.proxy.json;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

/** Bytes that nobody asked to change stay as they are. */
class JsonEditTest {
    private static JsonEdit edit(String json) {
        return new JsonEdit(json.getBytes(StandardCharsets.UTF_8));
    }

    private static String text(JsonEdit edit) {
        return new String(edit.bytes(), StandardCharsets.UTF_8);
    }

    private static String set(String json, String path, String value) {
        JsonEdit edit = edit(json);
        edit.set(path, value);
        return text(edit);
    }

    private static String remove(String json, String path) {
        JsonEdit edit = edit(json);
        edit.remove(path);
        return text(edit);
    }

    @Test
    void setsAndLeavesEverythingElse() {
        assertThat(set("{ \"a\" : 1e400 , \"b\":[ {} ]}", "a", "2")).isEqualTo("{ \"a\" : 2 , \"b\":[ {} ]}");
        assertThat(set("{ \"b\":\"ü\\u00fc\" }", "a", "true")).isEqualTo("{ \"b\":\"ü\\u00fc\",\"a\":true }");
        assertThat(set("{}", "a", "1")).isEqualTo("{\"a\":1}");
        assertThat(set("{ }", "a", "1")).isEqualTo("{ \"a\":1}");
    }

    @Test
    void pathsGoDownAndMakeWhatIsMissing() {
        assertThat(set("{\"a\":{\"b\":1}}", "a.b", "2")).isEqualTo("{\"a\":{\"b\":2}}");
        assertThat(set("{\"a\":{}}", "a.b.c", "2")).isEqualTo("{\"a\":{\"b\":{\"c\":2}}}");
        assertThat(set("{}", "a.b", "2")).isEqualTo("{\"a\":{\"b\":2}}");
        assertThat(set("{\"l\":[1,2]}", "l.1", "9")).isEqualTo("{\"l\":[1,9]}");
        assertThat(set("{\"l\":[1]}", "l.3", "9")).isEqualTo("{\"l\":[1,null,null,9]}");
        assertThat(set("{}", "l.1", "9")).isEqualTo("{\"l\":[null,9]}");
        assertThat(set("{}", "l.:1", "9")).isEqualTo("{\"l\":{\"1\":9}}");
        assertThat(set("{\"a.b\":1}", "a\\.b", "2")).isEqualTo("{\"a.b\":2}");
        assertThat(set("{\"a\":5}", "a.b", "2")).isEqualTo("{\"a\":{\"b\":2}}");
    }

    @Test
    void removesWithItsComma() {
        assertThat(remove("{\"a\":1,\"b\":2,\"c\":3}", "a")).isEqualTo("{\"b\":2,\"c\":3}");
        assertThat(remove("{\"a\":1, \"b\":2,\"c\":3}", "b")).isEqualTo("{\"a\":1,\"c\":3}");
        assertThat(remove("{\"a\":1,\"b\":2 }", "b")).isEqualTo("{\"a\":1 }");
        assertThat(remove("{ \"a\":1 }", "a")).isEqualTo("{  }");
        assertThat(remove("{\"a\":{\"b\":1,\"c\":2}}", "a.b")).isEqualTo("{\"a\":{\"c\":2}}");
        assertThat(remove("{\"a\":1}", "x.y")).isEqualTo("{\"a\":1}");
        assertThat(remove("{\"a\":1,\"a\":2}", "a")).as("the first of two").isEqualTo("{\"a\":2}");
    }

    @Test
    void patternsCannotBeTakenOut() {
        assertThat(edit("{\"a\":1}").remove("a*")).isFalse();
        assertThat(edit("{\"a\":1}").set("a#", "1")).isFalse();
        assertThat(edit("{\"a\":1}").remove("b")).isTrue();
    }

    @Test
    void readsTheTopLevel() {
        JsonEdit edit = edit("{\"s\":\"x\\\"y\",\"n\":-3,\"t\":true,\"z\":null,\"l\":[1,[2,3],{}],\"o\":{\"s\":1}}");
        assertThat(edit.text("s")).isEqualTo("x\"y");
        assertThat(edit.number("n")).hasValue(-3);
        assertThat(edit.isTrue("t")).isTrue();
        assertThat(edit.isNull("z")).isTrue();
        assertThat(edit.isNull("nope")).isTrue();
        assertThat(edit.items("l")).isEqualTo(3);
        assertThat(edit.items("o")).isEqualTo(-1);
        assertThat(edit.raw("o")).isEqualTo("{\"s\":1}");
        edit.put("p", "1");
        edit.put("q", "2");
        edit.put("n", "4");
        assertThat(edit.number("p")).hasValue(1);
        assertThat(edit.number("q")).hasValue(2);
        assertThat(edit.number("n")).hasValue(4);
        assertThat(edit.names()).containsExactly("s", "n", "t", "z", "l", "o", "p", "q");
    }

    @Test
    void whatIsNoObjectIsRefusedAndWhatIsCutEnds() {
        assertThatThrownBy(() -> edit("[1]")).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> edit("")).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> edit("{\"a\":\"").raw("a")).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> edit("{\"a\"").raw("a")).isInstanceOf(IllegalArgumentException.class);
    }
}
