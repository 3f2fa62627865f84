// SPDX-License-Identifier: MIT
package io.goinfer.proxy.upstream;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.handler.codec.http.DefaultHttpHeaders;
import io.netty.handler.codec.http.DefaultHttpHeadersFactory;
import io.netty.handler.codec.http.EmptyHttpHeaders;
import io.netty.handler.codec.http.HttpHeaders;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What a stranger answers, and what of it those behind are told. */
class CheckedResponseTest {
    private final List<String> told = new ArrayList<>();
    private String throwsAt = "";
    private int cancelled;
    private CheckedResponse checked = of("GET");

    private CheckedResponse of(String method, String... fields) {
        HttpHeaders head = new DefaultHttpHeaders();
        for (int i = 0; i < fields.length; i += 2) {
            head.set(fields[i], fields[i + 1]);
        }
        return new CheckedResponse("node n", RequestHead.first("1", method, "/", head, false), new Told(), () -> {
            cancelled++;
            checked.close();
        });
    }

    private void head(int status, String... fields) {
        HttpHeaders head =
                DefaultHttpHeadersFactory.headersFactory().withValidation(false).newHeaders();
        for (int i = 0; i < fields.length; i += 2) {
            head.add(fields[i], fields[i + 1]);
        }
        checked.onHead(status, head);
    }

    private ByteBuf body(String text) {
        ByteBuf bytes = Unpooled.copiedBuffer(text, StandardCharsets.UTF_8);
        checked.onBody(bytes);
        return bytes;
    }

    private void end() {
        checked.onEnd(EmptyHttpHeaders.INSTANCE);
    }

    private void brokenOff() {
        assertThat(told).last().asString().startsWith("failed backend_failed node n: ");
        assertThat(told).doesNotContain("end");
        assertThat(cancelled).isEqualTo(1);
        int before = told.size();
        body("late");
        end();
        head(200);
        assertThat(told).as("once").hasSize(before);
    }

    @Test
    void aBodyOfItsLengthIsWhole() {
        head(200, "content-length", "5");
        body("he");
        body("");
        body("llo");
        end();
        assertThat(told).containsExactly("head 200 [content-length: 5]", "body he", "body llo", "end");
        assertThat(cancelled).isZero();
    }

    @Test
    void whatMakesALengthWholeWaitsForTheEnd() {
        head(200, "content-length", "5");
        body("he");
        body("llo");
        assertThat(told).endsWith("body he");
        end();
        assertThat(told).endsWith("body llo", "end");
    }

    @Test
    void aBodyThatIsTooLongIsNeverAWholeOne() {
        head(200, "content-length", "5");
        ByteBuf whole = body("hello");
        ByteBuf surplus = body("HTTP/1.1 200 OK\r\n\r\n");
        assertThat(told).doesNotContain("body hello");
        brokenOff();
        assertThat(whole.refCnt()).isZero();
        assertThat(surplus.refCnt()).isZero();
    }

    @Test
    void aBodyThatIsTooShortIsNeverAWholeOne() {
        head(200, "content-length", "6");
        body("hello");
        end();
        brokenOff();
    }

    @Test
    void whatIsHeldIsGivenBackWithTheExchange() {
        head(200, "content-length", "5");
        ByteBuf held = body("hello");
        checked.close();
        assertThat(held.refCnt()).isZero();
    }

    @ParameterizedTest
    @CsvSource({"GET, 204", "GET, 205", "GET, 304", "HEAD, 200", "HEAD, 500"})
    void noBodyWhereThereIsNone(String method, int status) {
        checked = of(method);
        head(status);
        assertThat(told).as("it would be whole").isEmpty();
        body("x");
        brokenOff();
        assertThat(told).as("no head before the failure").hasSize(1);
    }

    @ParameterizedTest
    @CsvSource({"HEAD, 200, 5", "GET, 304, 5", "GET, 204, 0"})
    void aLengthWithoutABodyIsFine(String method, int status, String length) {
        checked = of(method);
        head(status, "content-length", length);
        end();
        assertThat(told)
                .containsExactly(
                        "head " + status + (status == 204 ? " []" : " [content-length: " + length + "]"), "end");
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 99, 100, 102, 199, 600, 999, 65_535, 101})
    void aStatusThatIsNoAnswersIsRefused(int status) {
        head(status);
        assertThat(told).hasSize(1);
        brokenOff();
    }

    @ParameterizedTest
    @CsvSource({
        "websocket, websocket, true",
        "websocket, WebSocket, true",
        "websocket, h2c, false",
        "websocket, , false"
    })
    void switchesOnlyToWhatWasAskedFor(String asked, String to, boolean switches) {
        checked = of("GET", "upgrade", asked);
        if (to == null) {
            head(101);
        } else {
            head(101, "upgrade", to);
        }
        if (switches) {
            body("any");
            end();
            assertThat(told).containsExactly("head 101 [upgrade: websocket]", "body any", "end");
        } else {
            brokenOff();
        }
    }

    @Test
    void interimResponsesAreFilteredAndFew() {
        checked.onInfo(100, EmptyHttpHeaders.INSTANCE);
        checked.onInfo(103, new DefaultHttpHeaders().set("link", "</a>").set("content-length", "5"));
        assertThat(told).containsExactly("info 103 [link: </a>]");
        for (int i = 0; i < 31; i++) {
            checked.onInfo(100, EmptyHttpHeaders.INSTANCE);
        }
        brokenOff();
    }

    @ParameterizedTest
    @ValueSource(ints = {99, 101, 200})
    void anInterimResponseIsOne(int status) {
        checked.onInfo(status, EmptyHttpHeaders.INSTANCE);
        brokenOff();
    }

    @Test
    void trailersAreFiltered() {
        head(200);
        checked.onEnd(new DefaultHttpHeaders().set("content-length", "3").set("x-a", "b"));
        assertThat(told).containsExactly("head 200 []", "end [x-a: b]");
    }

    @ParameterizedTest
    @ValueSource(strings = {"info", "head", "body", "end", "writable", "detached", "resumed", "batch"})
    void whateverGoesWrongBehindEndsTheExchange(String where) {
        throwsAt = where;
        switch (where) {
            case "info" -> checked.onInfo(103, EmptyHttpHeaders.INSTANCE);
            case "writable" -> checked.onWritable();
            case "detached" -> checked.onDetached();
            case "resumed" -> checked.onResumed();
            case "batch" -> checked.onBatchEnd();
            default -> {
                head(200);
                body("x");
                end();
            }
        }
        assertThat(told).last().isEqualTo("failed backend_failed node n: its answer cannot be passed on");
        assertThat(cancelled).isEqualTo(1);
    }

    private final class Told implements Upstream.Response {
        private void tell(String what) {
            if (!throwsAt.isEmpty() && what.startsWith(throwsAt)) {
                throwsAt = "";
                throw new IllegalStateException("a bug");
            }
            if (!what.equals("batch")) {
                told.add(what);
            }
        }

        private static List<String> text(HttpHeaders headers) {
            return headers.entries().stream()
                    .map(field -> field.getKey() + ": " + field.getValue())
                    .toList();
        }

        @Override
        public void onInfo(int status, HttpHeaders headers) {
            tell("info " + status + " " + text(headers));
        }

        @Override
        public void onHead(int status, HttpHeaders headers) {
            tell("head " + status + " " + text(headers));
        }

        @Override
        public void onBody(ByteBuf content) {
            String text = content.toString(StandardCharsets.UTF_8);
            content.release();
            tell("body " + text);
        }

        @Override
        public void onEnd(HttpHeaders trailers) {
            tell(trailers.isEmpty() ? "end" : "end " + text(trailers));
        }

        @Override
        public void onFailed(Refusal refusal) {
            tell("failed " + refusal.code() + " " + refusal.message());
        }

        @Override
        public void onWritable() {
            tell("writable");
        }

        @Override
        public void onDetached() {
            tell("detached");
        }

        @Override
        public void onResumed() {
            tell("resumed");
        }

        @Override
        public void onBatchEnd() {
            tell("batch");
        }
    }
}
