// SPDX-License-Identifier: MIT
package io.goinfer.proxy.http;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.handler.codec.http.DefaultHttpContent;
import io.netty.handler.codec.http.DefaultHttpRequest;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.LastHttpContent;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class SlowBodyTest {
    private int tooSlow;
    private final EmbeddedChannel channel = new EmbeddedChannel(new SlowBody(), new ChannelInboundHandlerAdapter() {
        @Override
        public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
            tooSlow += event == SlowBody.TOO_SLOW ? 1 : 0;
        }
    });

    @BeforeEach
    void start() {
        channel.freezeTime();
        channel.writeInbound(new DefaultHttpRequest(HttpVersion.HTTP_1_1, HttpMethod.POST, "/"));
    }

    @AfterEach
    void stop() {
        channel.finishAndReleaseAll();
    }

    private void later(int bytes) {
        channel.writeInbound(new DefaultHttpContent(Unpooled.wrappedBuffer(new byte[bytes])));
        channel.advanceTimeBy(SlowBody.INTERVAL_SECONDS, TimeUnit.SECONDS);
        channel.runScheduledPendingTasks();
    }

    @Test
    void twoSlowIntervalsAreEnough() {
        later(10);
        assertThat(tooSlow).isZero();
        later(10);
        assertThat(tooSlow).isOne();
        later(10);
        assertThat(tooSlow).as("said once").isOne();
    }

    @Test
    void aPauseIsForgiven() {
        for (int i = 0; i < 5; i++) {
            later(0);
            later((int) SlowBody.MIN_BYTES);
        }
        assertThat(tooSlow).isZero();
    }

    @Test
    void whatIsNotReadIsNotExpected() {
        channel.config().setAutoRead(false);
        later(0);
        later(0);
        later(0);
        assertThat(tooSlow).isZero();
    }

    @Test
    void aWholeRequestIsOver() {
        channel.writeInbound(LastHttpContent.EMPTY_LAST_CONTENT);
        channel.advanceTimeBy(10 * SlowBody.INTERVAL_SECONDS, TimeUnit.SECONDS);
        channel.runScheduledPendingTasks();
        assertThat(tooSlow).isZero();
    }
}
