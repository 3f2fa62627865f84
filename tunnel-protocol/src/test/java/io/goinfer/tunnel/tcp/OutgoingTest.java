// SPDX-License-Identifier: MIT
package io.goinfer.tunnel.tcp;

import static org.assertj.core.api.Assertions.assertThat;

import io.goinfer.tunnel.frame.FrameType;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Queue;
import org.junit.jupiter.api.Test;

class OutgoingTest {
    private final Outgoing outgoing = new Outgoing();

    /** Frames by name; upper case is a head. */
    private final class Stream implements Outgoing.Source {
        private final Queue<String> frames = new ArrayDeque<>();
        private final boolean bulk;

        Stream(boolean bulk, String... names) {
            this.bulk = bulk;
            frames.addAll(Arrays.asList(names));
            outgoing.ready(this);
        }

        @Override
        public boolean urgent() {
            return Character.isUpperCase(frames.element().charAt(0));
        }

        @Override
        public boolean bulk() {
            return bulk;
        }

        @Override
        public ByteBuf take() {
            return bytes(frames.remove());
        }

        @Override
        public boolean isEmpty() {
            return frames.isEmpty();
        }
    }

    private static ByteBuf bytes(String text) {
        return Unpooled.copiedBuffer(text, StandardCharsets.UTF_8);
    }

    private List<String> all() {
        List<String> order = new ArrayList<>();
        for (ByteBuf frame = outgoing.poll(); frame != null; frame = outgoing.poll()) {
            order.add(frame.toString(StandardCharsets.UTF_8));
            frame.release();
        }
        return order;
    }

    @Test
    void controlGoesFirstThenSignalsThenHeadsThenDataInTurn() {
        Stream one = new Stream(false, "A", "a1", "a2", "A-end");
        Stream two = new Stream(false, "b1", "b2");
        outgoing.signal(bytes("credit"));
        assertThat(outgoing.control(FrameType.PING, bytes("ping"))).isTrue();

        assertThat(all()).containsExactly("ping", "credit", "A", "b1", "a1", "b2", "a2", "A-end");
        assertThat(one.isEmpty() && two.isEmpty()).isTrue();
    }

    @Test
    void bulkGetsEveryNinthFrameBesideOthersAndAllWithoutThem() {
        new Stream(true, "x1", "x2", "x3");
        String[] tokens = new String[16];
        for (int i = 0; i < tokens.length; i++) {
            tokens[i] = "t" + i;
        }
        new Stream(false, tokens);

        List<String> order = all();
        assertThat(order.indexOf("x1")).isEqualTo(Outgoing.BULK_TURN);
        assertThat(order.indexOf("x2")).isEqualTo(2 * Outgoing.BULK_TURN + 1);
        assertThat(order).hasSize(19).endsWith("x3");
    }

    @Test
    void aDroppedStreamIsNotAskedAgain() {
        Stream gone = new Stream(false, "a1");
        new Stream(false, "b1");
        outgoing.drop(gone);

        assertThat(all()).containsExactly("b1");
    }
}
