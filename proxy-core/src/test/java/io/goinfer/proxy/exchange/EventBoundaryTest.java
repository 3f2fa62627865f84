// SPDX-License-Identifier: MIT
package io.goinfer.proxy.exchange;

import static org.assertj.core.api.Assertions.assertThat;

import io.goinfer.proxy.upstream.Refusal;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.EventLoop;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.handler.codec.http.HttpHeaders;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class EventBoundaryTest {
    private final EmbeddedChannel channel = new EmbeddedChannel();
    private final StringBuilder sent = new StringBuilder();
    private final EventBoundary boundary = new EventBoundary(new Client());

    private void passes(String text) {
        ByteBuf bytes = Unpooled.copiedBuffer(text, StandardCharsets.UTF_8);
        boundary.passed(bytes);
        bytes.release();
    }

    private void seconds(int count) {
        channel.advanceTimeBy(count, TimeUnit.SECONDS);
        channel.runScheduledPendingTasks();
    }

    @Test
    void aStalledClientGetsCommentsUntilItGoesOn() {
        passes("data: 1\n\n");
        boundary.stalled();
        seconds(4);
        assertThat(sent).isEmpty();
        seconds(1);
        seconds(5);
        assertThat(sent.toString()).isEqualTo(": keep-alive\n\n: keep-alive\n\n");

        boundary.goesOn();
        seconds(60);
        assertThat(sent.toString()).isEqualTo(": keep-alive\n\n: keep-alive\n\n");
    }

    @Test
    void nothingIsPutIntoTheMiddleOfAnEvent() {
        passes("data: 1\n\nda");
        boundary.stalled();
        seconds(30);
        assertThat(sent).isEmpty();
        assertThat(boundary.isBetween()).isFalse();

        passes("ta: 2\n");
        assertThat(boundary.isBetween()).isFalse();
        passes("\n");
        assertThat(boundary.isBetween()).isTrue();
        boundary.goesOn();
    }

    private final class Client implements Downstream {
        @Override
        public EventLoop loop() {
            return channel.eventLoop();
        }

        @Override
        public void body(ByteBuf content) {
            sent.append(content.toString(StandardCharsets.UTF_8));
            content.release();
        }

        @Override
        public void flush() {}

        @Override
        public boolean isWritable() {
            return true;
        }

        @Override
        public void info(int status, HttpHeaders headers) {
            throw new AssertionError();
        }

        @Override
        public void head(int status, HttpHeaders headers) {
            throw new AssertionError();
        }

        @Override
        public void end(HttpHeaders trailers) {
            throw new AssertionError();
        }

        @Override
        public void consumed(int bytes) {
            throw new AssertionError();
        }

        @Override
        public void refuse(Refusal refusal) {
            throw new AssertionError();
        }

        @Override
        public void abort(Refusal refusal, boolean betweenEvents) {
            throw new AssertionError();
        }
    }
}
