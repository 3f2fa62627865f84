// SPDX-License-Identifier: MIT
package io.goinfer.proxy.route;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class JsonScannerTest {
    private static JsonScanner scan(String json, int step) {
        JsonScanner scanner = new JsonScanner();
        ByteBuf all = Unpooled.copiedBuffer(json, StandardCharsets.UTF_8);
        while (all.isReadable() && scanner.error() == null) {
            scanner.read(all.readSlice(Math.min(step, all.readableBytes())));
        }
        if (scanner.error() == null) {
            scanner.end();
        }
        return scanner;
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 7, 1_000})
    void findsModelAndStreamHoweverTheBodyIsCut(int step) {
        String json = "{ \"messages\":[{\"model\":\"inner\"}], \"mod\\u0065l\" : \"a\\\"b\\u00fc\" ,\"stream\":true}";

        JsonScanner scanner = scan(json, step);

        assertThat(scanner.error()).isNull();
        assertThat(scanner.model()).isEqualTo("a\"bü");
        assertThat(scanner.stream()).isTrue();
        assertThat(json.substring((int) scanner.modelStart(), (int) scanner.modelEnd()))
                .isEqualTo("\"a\\\"b\\u00fc\"");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{\"model\":\"a\",\"model\":\"b\"}",
                "{\"model\":\"a\",\"mod\\u0065l\":\"b\"}",
                "{\"model\":\"a\",\"model\":null}",
                "{\"model\":null,\"model\":\"a\"}"
            })
    void seesASecondModelHoweverItIsWritten(String json) {
        assertThat(scan(json, 3).modelTwice()).isTrue();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{}",
                "{\"model\":null}",
                "{\"model\":\"\"}",
                "{\"model\":7}",
                "{\"a\":{\"model\":\"x\"}}",
                "[\"model\"]",
                "\"model\""
            })
    void noModelIsNoModel(String json) {
        JsonScanner scanner = scan(json, 100);

        assertThat(scanner.error()).isNull();
        assertThat(scanner.model()).isNull();
        assertThat(scanner.modelTwice()).isFalse();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "{",
                "{]",
                "{\"a\"}",
                "{\"a\":}",
                "{\"a\":1,}",
                "[1,]",
                "{'a':1}",
                "{\"a\":01}",
                "{\"a\":+1}",
                "{\"a\":1.}",
                "{\"a\":tru}",
                "{\"a\":NaN}",
                "{} {}",
                "{\"a\":\"\n\"}",
                "{\"a\":\"\\x\"}",
                "{\"a\":\"\\u12g4\"}",
                "nul",
                "{\"a\":1e}",
                "{\"a\":-}",
                "// c\n{}",
                "{\"a\" 1}",
                "{,}"
            })
    void refusesWhatIsNotJson(String json) {
        assertThat(scan(json, 2).error()).as(json).isNotNull();
    }

    @Test
    void agreesWithJacksonOnDamagedBodies() {
        String good =
                "{\"model\":\"m\",\"n\":[1,-2.5e+3,true,false,null,{\"x\":\"\\u00e4\\n\"},[],{}],\"stream\":false}";
        Random random = new Random(4);
        for (int i = 0; i < 20_000; i++) {
            StringBuilder damaged = new StringBuilder(good);
            for (int d = 0; d < 1 + random.nextInt(2); d++) {
                int at = random.nextInt(damaged.length());
                switch (random.nextInt(3)) {
                    case 0 -> damaged.deleteCharAt(at);
                    case 1 -> damaged.insert(at, "{}[],:\"\\0e-tn ".charAt(random.nextInt(14)));
                    default -> damaged.setCharAt(at, "{}[],:\"\\1.+xu".charAt(random.nextInt(12)));
                }
            }
            String json = damaged.toString();
            assertThat(scan(json, 5).error() == null).as(json).isEqualTo(jacksonAccepts(json));
        }
    }

    private static boolean jacksonAccepts(String json) {
        try (JsonParser parser = new JsonFactory().createParser(json)) {
            int values = 0;
            int depth = 0;
            for (var token = parser.nextToken(); token != null; token = parser.nextToken()) {
                values += depth == 0 ? 1 : 0;
                depth += token.isStructStart() ? 1 : token.isStructEnd() ? -1 : 0;
                parser.getText();
                if (depth == 0 && token.isStructEnd()) {
                    continue;
                }
            }
            return values == 1;
        } catch (IOException e) {
            return false;
        }
    }

    @Test
    void nestingIsBounded() {
        assertThat(scan("[".repeat(600), 100).error()).contains("nested deeper");
    }

    @Test
    void aModelMayBeAnObjectWithAName() {
        JsonScanner scanner = new JsonScanner();
        byte[] json =
                "{\"a\":{\"name\":\"no\"},\"model\": {\"ctx\":1,\"x\":{\"name\":\"no\"},\"name\":\"m\"},\"name\":\"no\"}"
                        .getBytes(StandardCharsets.UTF_8);
        assertThat(scanner.read(Unpooled.wrappedBuffer(json))).isTrue();
        assertThat(scanner.end()).isTrue();
        assertThat(scanner.model()).isEqualTo("m");
        String value = new String(json, StandardCharsets.UTF_8)
                .substring((int) scanner.modelStart(), (int) scanner.modelEnd());
        assertThat(value).isEqualTo("{\"ctx\":1,\"x\":{\"name\":\"no\"},\"name\":\"m\"}");
        JsonScanner nameless = new JsonScanner();
        nameless.read(Unpooled.wrappedBuffer("{\"model\":{\"ctx\":1}}".getBytes(StandardCharsets.UTF_8)));
        assertThat(nameless.modelSeen()).isTrue();
        assertThat(nameless.model()).isNull();
    }
}
