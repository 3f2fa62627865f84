// SPDX-License-Identifier: MIT
package io.goinfer.tunnel.session;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.goinfer.tunnel.flow.CreditPool;
import io.goinfer.tunnel.flow.ReceiveWindow;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.io.ByteArrayOutputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;

class ArrivedTest {
    private static final int LIMIT = 64 << 10;

    private final Arrived.Budget budget = new Arrived.Budget();
    private ReceiveWindow window = ReceiveWindow.granted(new CreditPool(4 << 10), LIMIT);
    private Arrived arrived = new Arrived(window);
    private final ByteArrayOutputStream out = new ByteArrayOutputStream();

    private void take(ByteBuf content) {
        byte[] bytes = new byte[content.readableBytes()];
        content.readBytes(bytes);
        out.writeBytes(bytes);
        content.release();
    }

    private boolean copy(long offset, byte[] content) {
        return arrived.copy(budget, offset, Unpooled.wrappedBuffer(content), this::take);
    }

    /** Pieces, each copied or not, the copies lost, late, doubled or before their stream, cut as the transport likes. */
    @Property(tries = 300)
    void everyByteOnceAndInOrder(@ForAll long seed) {
        Random random = new Random(seed);
        window = ReceiveWindow.granted(new CreditPool(4 << 10), LIMIT);
        arrived = new Arrived(window);
        out.reset();
        byte[] body = new byte[1 + random.nextInt(20_000)];
        random.nextBytes(body);
        int streamed = 0;
        List<int[]> copies = new ArrayList<>();
        int sent = 0;
        while (streamed < body.length) {
            int size = Math.min(body.length - sent, 1 + random.nextInt(1_000));
            if (size > 0 && random.nextBoolean()) {
                if (random.nextInt(4) > 0) {
                    copies.add(new int[] {sent, size});
                }
                sent += size;
            } else if (!copies.isEmpty() && random.nextBoolean()) {
                int at = random.nextInt(copies.size());
                int[] one = random.nextInt(3) == 0 ? copies.get(at) : copies.remove(at);
                copy(one[0], java.util.Arrays.copyOfRange(body, one[0], one[0] + one[1]));
            } else if (sent > streamed) {
                int next = 1 + random.nextInt(sent - streamed);
                arrived.stream(Unpooled.copiedBuffer(body, streamed, next), this::take);
                streamed += next;
            }
            assertThat(budget.held()).isBetween(0, Arrived.MAX_HELD);
        }
        assertThat(out.toByteArray()).isEqualTo(body);
        assertThat(window.received()).isEqualTo(body.length);
        arrived.clear();
        assertThat(budget.held()).isZero();
    }

    @Test
    void whatCopiesBroughtBehindTheEndIsAnError() {
        assertThat(copy(0, new byte[10])).isTrue();
        arrived.stream(Unpooled.wrappedBuffer(new byte[4]), this::take);

        assertThatThrownBy(() -> arrived.streamEnded()).hasMessageContaining("6 bytes");
        arrived.stream(Unpooled.wrappedBuffer(new byte[6]), this::take);
        arrived.streamEnded();
        assertThat(out.size()).isEqualTo(10);
    }

    @Test
    void onlySoManyAreHeld() {
        for (int i = 0; i < 2 * Arrived.MAX_HELD; i++) {
            assertThat(copy(10 + 10 * i, new byte[10])).isFalse();
        }
        assertThat(budget.held()).isEqualTo(Arrived.MAX_HELD);
        assertThat(copy(0, new byte[10])).isTrue();
        assertThat(window.received()).isEqualTo(10 + 10 * Arrived.MAX_HELD);
        assertThat(budget.held()).isZero();
    }

    @Test
    void theSessionsExchangesTogetherHoldSoMany() {
        List<Arrived> many = new ArrayList<>();
        for (int i = 0; i < 100; i++) {
            Arrived one = new Arrived(ReceiveWindow.granted(new CreditPool(4 << 10), LIMIT));
            many.add(one);
            for (int j = 0; j < Arrived.MAX_HELD; j++) {
                one.copy(budget, 1 + j, Unpooled.wrappedBuffer(new byte[1]), this::take);
            }
        }
        assertThat(budget.held()).isEqualTo(Arrived.Budget.MAX_HELD);
        many.forEach(Arrived::clear);
        assertThat(budget.held()).isZero();
    }

    @Test
    void beyondTheLimitIsDropped() {
        assertThat(copy(LIMIT - 1, new byte[2])).isFalse();
        assertThat(budget.held()).isZero();
    }

    @Test
    void anotherStreamBeginsWhereTheDirectionIs() {
        copy(0, new byte[] {1, 2});
        copy(5, new byte[] {6});
        arrived.clear();
        arrived.stream(Unpooled.wrappedBuffer(new byte[] {3, 4, 5, 6}), this::take);
        assertThat(out.toByteArray()).containsExactly(1, 2, 3, 4, 5, 6);
    }
}
