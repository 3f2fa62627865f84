// SPDX-License-Identifier: MIT
package io.goinfer.proxy.exchange;

import static org.assertj.core.api.Assertions.assertThat;

import io.goinfer.proxy.net.ByteBudget;
import io.goinfer.proxy.route.Catalog;
import io.goinfer.proxy.route.Model;
import io.goinfer.proxy.route.Place;
import io.goinfer.proxy.route.Router;
import io.goinfer.proxy.upstream.Refusal;
import io.goinfer.proxy.upstream.RequestHead;
import io.goinfer.proxy.upstream.Upstream;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.EventLoop;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.handler.codec.http.DefaultHttpHeaders;
import io.netty.handler.codec.http.EmptyHttpHeaders;
import io.netty.handler.codec.http.HttpHeaders;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** One exchange between ends that write down what they get, and throw where a test says so. */
class ExchangeTest {
    private final EmbeddedChannel channel = new EmbeddedChannel();
    private final List<String> log = new ArrayList<>();
    private final Way way = new Way();
    private String throwsAt = "";
    private final Exchange exchange = exchange();

    @AfterEach
    void theEndIsToldOnce() {
        assertThat(log.stream().filter(line -> line.startsWith("done"))).hasSize(1);
    }

    private Exchange exchange() {
        Place place = new Place(
                "a", "m", "m", true, false, way, new AtomicInteger(), new AtomicInteger(), new AtomicInteger());
        Router router = new Router(
                () -> new Catalog(List.of(new Model("m", "{}", List.of(place), Set.of("a"), true)), Set.of("a")));
        RequestHead head = RequestHead.first("1", "POST", "/", new DefaultHttpHeaders(), true);
        return new Exchange(
                new Client(),
                head,
                "m",
                null,
                new ExchangeRules(router, new ByteBudget(1 << 20), null, null, 1 << 10, 1 << 20, () -> null),
                new Watching());
    }

    private void say(String what) {
        log.add(what);
        if (!throwsAt.isEmpty() && what.startsWith(throwsAt)) {
            throw new IllegalStateException("a bug");
        }
    }

    private static ByteBuf bytes(String text) {
        return Unpooled.copiedBuffer(text, StandardCharsets.US_ASCII);
    }

    @Test
    void trailersFollowTheBodyWithoutWhatIsNotTheirs() {
        exchange.start();
        exchange.onRequestBody(bytes("hello"));
        exchange.onRequestEnd(new DefaultHttpHeaders()
                .set("x-late", "1")
                .set("content-length", "3")
                .set("authorization", "x"));
        exchange.onEnd(EmptyHttpHeaders.INSTANCE);
        assertThat(log).containsSubsequence("up body hello", "up end [x-late=1]", "down end", "done");
    }

    @Test
    void trailersThatAreNoneAreTheClientsFault() {
        exchange.start();
        HttpHeaders bad = new DefaultHttpHeaders();
        for (int i = 0; i < 100; i++) {
            bad.add("x-" + i, "1");
        }
        exchange.onRequestEnd(bad);
        assertThat(log).contains("up cancel", "down refuse invalid_http").doesNotContain("up end []");
    }

    @ParameterizedTest
    @ValueSource(strings = {"up open", "up body", "down consumed", "up end"})
    void whateverGoesWrongWithARequestEndsItAsAnError(String where) {
        throwsAt = where;
        exchange.start();
        exchange.onRequestBody(bytes("hello"));
        exchange.onRequestEnd(EmptyHttpHeaders.INSTANCE);
        assertThat(log).contains("down refuse internal_error").contains("done internal_error");
        assertThat(exchange.isDone()).isTrue();
    }

    private final class Way implements Upstream, Upstream.Stream {
        @Override
        public boolean accepts() {
            return true;
        }

        @Override
        public boolean full() {
            return false;
        }

        @Override
        public Object process() {
            return this;
        }

        @Override
        public Stream open(RequestHead head, String modelId, EventLoop loop, Response response) {
            say("up open");
            return this;
        }

        @Override
        public void body(ByteBuf content) {
            String text = content.toString(StandardCharsets.US_ASCII);
            content.release();
            say("up body " + text);
        }

        @Override
        public void end(HttpHeaders trailers) {
            say("up end " + trailers.entries());
        }

        @Override
        public void flush() {}

        @Override
        public boolean isWritable() {
            return true;
        }

        @Override
        public void consumed(int count) {}

        @Override
        public void cancel() {
            say("up cancel");
        }
    }

    private final class Client implements Downstream {
        @Override
        public EventLoop loop() {
            return channel.eventLoop();
        }

        @Override
        public void info(int status, HttpHeaders headers) {
            say("down info");
        }

        @Override
        public void head(int status, HttpHeaders headers) {
            say("down head " + status);
        }

        @Override
        public void body(ByteBuf content) {
            content.release();
            say("down body");
        }

        @Override
        public void end(HttpHeaders trailers) {
            say("down end");
        }

        @Override
        public void flush() {}

        @Override
        public boolean isWritable() {
            return true;
        }

        @Override
        public void consumed(int count) {
            say("down consumed");
        }

        @Override
        public void refuse(Refusal refusal) {
            say("down refuse " + refusal.code());
        }

        @Override
        public void abort(Refusal refusal, boolean betweenEvents) {
            say("down abort " + refusal.code());
        }
    }

    private final class Watching implements ExchangeWatcher {
        @Override
        public void placed(Place place) {}

        @Override
        public void head(int status) {}

        @Override
        public void sent(int count) {}

        @Override
        public void done(Refusal refusal, boolean clientGone) {
            log.add("done" + (refusal == null ? "" : " " + refusal.code()));
        }
    }
}
