// SPDX-License-Identifier: MIT
package io.goinfer.proxy.model.llama;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class SseReaderTest {
    @Test
    void eventsAreCutWhereTheirBlankLinesAreInPiecesOfEverySize() {
        String stream = "data: a\n\ndata: b\r\n\r\n: c\ndata: d\n\r\n\n\ndata: e\ndata";
        for (int piece = 1; piece <= stream.length(); piece++) {
            List<String> events = new ArrayList<>();
            SseReader reader = new SseReader();
            for (int at = 0; at < stream.length(); at += piece) {
                String part = stream.substring(at, Math.min(stream.length(), at + piece));
                ByteBuf in = Unpooled.copiedBuffer(part, StandardCharsets.US_ASCII);
                reader.read(in, event -> events.add(event.toString(StandardCharsets.US_ASCII)));
                in.release();
            }
            assertThat(events)
                    .as("pieces of " + piece)
                    .containsExactly("data: a\n\n", "data: b\r\n\r\n", ": c\ndata: d\n\r\n", "\n\n");
            assertThat(reader.rest().toString(StandardCharsets.US_ASCII)).isEqualTo("data: e\ndata");
            reader.close();
        }
    }

    /** What copying the beginning with each piece would cost: gigabytes. */
    @Test
    void aLongEventIsKeptOnceAndBounded() {
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        SseReader reader = new SseReader();
        ByteBuf piece = Unpooled.wrappedBuffer(new byte[4 << 10]);

        long before = threads.getCurrentThreadAllocatedBytes();
        while (!reader.isTooLong()) {
            reader.read(piece, event -> {
                throw new AssertionError("no blank line came");
            });
        }
        long allocated = threads.getCurrentThreadAllocatedBytes() - before;

        assertThat(reader.rest().readableBytes()).isEqualTo(SseReader.MOST + (4 << 10));
        assertThat(allocated).isLessThan(8L * SseReader.MOST);
        reader.close();
        assertThat(reader.isTooLong()).isFalse();
    }
}
