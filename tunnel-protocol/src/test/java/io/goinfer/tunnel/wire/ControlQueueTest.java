// SPDX-License-Identifier: MIT
package io.goinfer.tunnel.wire;

import static org.assertj.core.api.Assertions.assertThat;

import io.goinfer.tunnel.frame.FrameType;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class ControlQueueTest {
    private final ControlQueue queue = new ControlQueue();

    private static ByteBuf frame(int value, int size) {
        return Unpooled.directBuffer(size).writeInt(value).writeZero(size - 4);
    }

    private List<Integer> all() {
        List<Integer> values = new ArrayList<>();
        for (ByteBuf next = queue.poll(); next != null; next = queue.poll()) {
            values.add(next.getInt(0));
            next.release();
        }
        return values;
    }

    @Test
    void framesKeepTheirOrderAndAPongGoesFirst() {
        queue.add(FrameType.HELLO_OK, frame(1, 9));
        queue.add(FrameType.MODELS, frame(2, 9));
        queue.add(FrameType.PING, frame(3, 9));
        queue.add(FrameType.PONG, frame(4, 9));
        queue.add(FrameType.LOAD, frame(5, 9));

        assertThat(queue.isEmpty()).isFalse();
        assertThat(all()).containsExactly(4, 1, 3, 5, 2);
        assertThat(queue.isEmpty()).isTrue();
    }

    @Test
    void ofWhatReplacesWhatCameBeforeTheNewestWaits() {
        for (int i = 0; i < 1_000_000; i++) {
            assertThat(queue.add(FrameType.PONG, frame(i, 18))).isTrue();
        }
        for (int i = 0; i < 20; i++) {
            assertThat(queue.add(FrameType.MODELS, frame(i, 1 << 20))).isTrue();
            assertThat(queue.add(FrameType.LOAD, frame(i, 1 << 16))).isTrue();
        }

        assertThat(all()).containsExactly(999_999, 19, 19);
    }

    @Test
    void saysWhenMoreWaitsThanMay() {
        int size = 64 << 10;
        for (int i = 0; i < ControlQueue.MAX_BYTES / size; i++) {
            assertThat(queue.add(FrameType.RESUME_OK, frame(i, size))).isTrue();
        }
        assertThat(queue.add(FrameType.PONG, frame(-1, 18))).isFalse();
        queue.close();

        assertThat(queue.isEmpty()).isTrue();
        assertThat(queue.add(FrameType.RESUME_OK, frame(1, size))).isTrue();
        queue.close();
    }
}
