// SPDX-License-Identifier: MIT
package io.goinfer.tunnel.flow;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.goinfer.tunnel.frame.FrameException;
import io.goinfer.tunnel.session.SessionTerms;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class WindowsTest {
    private static final int FLOOR = 4 << 10;

    private final CreditPool pool = new CreditPool(FLOOR);

    @Test
    void aReaderThatConsumesGetsAWiderWindowUpToTheCap() {
        ReceiveWindow window = ReceiveWindow.granted(pool, pool.initialResponseLimit());

        long widest = 0;
        for (int i = 0; i < 1_000; i++) {
            int size = (int) Math.min(8 << 10, window.limit() - window.consumed());
            window.received(size);
            window.consumed(size);
            widest = Math.max(widest, window.limit() - window.consumed());
        }

        assertThat(widest).isEqualTo(ReceiveWindow.INTERACTIVE_CAP);
    }

    @Test
    void theSenderOfAReaderThatKeepsUpNeverRunsOutOfRoom() {
        ReceiveWindow window = ReceiveWindow.granted(pool, pool.initialResponseLimit());

        for (int i = 0; i < 1_000; i++) {
            window.received(1 << 10);
            window.consumed(1 << 10);
            assertThat(window.limit() - window.received()).isGreaterThan(14 << 10);
        }
    }

    /** The step in which consumed bytes are told must never wait for bytes that the sender may not send. */
    @ParameterizedTest
    @ValueSource(ints = {1 << 10, 1_500, 4 << 10, 64 << 10})
    void whatIsLeftOfAnExhaustedPoolMovesOnWhateverTheFloor(int floor) {
        CreditPool exhausted = new CreditPool(floor);
        exhausted.adjust(CreditPool.SIZE, false);
        ReceiveWindow window = ReceiveWindow.granted(exhausted, exhausted.initialResponseLimit());
        int step = new SessionTerms(1, 0, 16, floor, "n").consumedStep();

        int untold = 0;
        for (int i = 0; i < 1_000; i++) {
            int room = (int) (window.limit() - window.received());
            assertThat(room).as("what may be sent").isPositive();
            window.received(room);
            untold += room;
            while (untold >= step) {
                window.consumed(step);
                untold -= step;
            }
        }
    }

    @Test
    void stalledReadersCannotTakeThePoolFromOneThatReads() {
        for (int i = 0; i < 64; i++) {
            ReceiveWindow stalled = ReceiveWindow.granted(pool, pool.initialResponseLimit());
            stalled.received((int) (stalled.limit() - stalled.consumed()));
        }
        ReceiveWindow healthy = ReceiveWindow.granted(pool, pool.initialResponseLimit());

        for (int i = 0; i < 100; i++) {
            healthy.received(FLOOR / 2);
            healthy.consumed(FLOOR / 2);
        }

        assertThat(healthy.limit() - healthy.consumed()).isGreaterThan(64 << 10);
        assertThat(pool.taken()).isLessThanOrEqualTo(CreditPool.SIZE);
    }

    @Test
    void whatWasConsumedOutsideOfASessionOpensTheWindowInTheNextOne() {
        ReceiveWindow window = ReceiveWindow.granted(pool, 10_000);
        window.received(10_000);
        window.detach();
        assertThat(pool.taken()).isZero();
        assertThat(window.consumed(10_000)).isFalse();

        window.attach(pool);

        assertThat(window.consumed(0)).isTrue();
        assertThat(window.limit()).isGreaterThan(20_000);
        assertThat(pool.taken()).isEqualTo(window.limit() - window.consumed() - FLOOR);
    }

    @Test
    void whatIsSentAgainCountsOnce() {
        SendWindow window = SendWindow.granted(new SendWindow.Implicit(FLOOR), 10_000);
        window.sent(8_000);
        window.credit(2_000, 10_000);

        window.resume(new SendWindow.Implicit(FLOOR), 5_000, 12_000);

        assertThat(window.available()).isEqualTo(7_000);
        assertThatThrownBy(() -> window.resume(new SendWindow.Implicit(FLOOR), 4_000, 12_000))
                .isInstanceOf(FrameException.class);
        assertThatThrownBy(() -> window.resume(new SendWindow.Implicit(FLOOR), 5_000, 11_000))
                .isInstanceOf(FrameException.class);
        assertThatThrownBy(() -> window.resume(new SendWindow.Implicit(FLOOR), 6_000, 12_000))
                .isInstanceOf(FrameException.class);
    }

    /** What was received when the session changed was not all consumed: the first credit behind it tells less. */
    @Test
    void creditAfterAResumeMayTellLessThanWasReceived() {
        SendWindow window = SendWindow.granted(new SendWindow.Implicit(FLOOR), 10_000);
        window.sent(6_000);
        window.credit(2_000, 12_000);
        window.resume(new SendWindow.Implicit(FLOOR), 5_000, 12_000);

        window.credit(4_000, 20_000);
        assertThat(window.available()).isEqualTo(15_000);
        assertThat(window.acknowledged()).isEqualTo(5_000);
        assertThatThrownBy(() -> window.credit(3_000, 20_000)).isInstanceOf(FrameException.class);
    }

    @Test
    void refusesBytesBeyondTheLimit() {
        ReceiveWindow window = ReceiveWindow.granted(pool, 10_000);
        window.received(10_000);

        assertThatThrownBy(() -> window.received(1))
                .isInstanceOf(FrameException.class)
                .hasMessageContaining("10001");
    }

    @Test
    void refusesCreditThatShrinks() {
        SendWindow window = SendWindow.granted(new SendWindow.Implicit(FLOOR), 10_000);
        window.sent(5_000);
        window.credit(4_000, 20_000);

        assertThatThrownBy(() -> window.credit(3_999, 30_000)).isInstanceOf(FrameException.class);
        assertThatThrownBy(() -> window.credit(4_000, 19_999)).isInstanceOf(FrameException.class);
        assertThatThrownBy(() -> window.credit(5_001, 30_000)).isInstanceOf(FrameException.class);
    }

    /** The sum over a session: what the sender may send, the receiver accepts; nothing is lost of the pool. */
    @Property(tries = 200)
    void creditIsConservedWhateverHappens(@ForAll long seed) {
        Random random = new Random(seed);
        CreditPool receiverPool = new CreditPool(FLOOR);
        SendWindow.Implicit budget = new SendWindow.Implicit(FLOOR);
        List<SendWindow> senders = new ArrayList<>();
        List<ReceiveWindow> receivers = new ArrayList<>();
        for (int i = 0; i < 80; i++) {
            senders.add(SendWindow.implicit(budget));
            receivers.add(ReceiveWindow.implicit(receiverPool));
        }
        for (int step = 0; step < 2_000 && !senders.isEmpty(); step++) {
            int i = random.nextInt(senders.size());
            SendWindow sender = senders.get(i);
            ReceiveWindow receiver = receivers.get(i);
            switch (random.nextInt(10)) {
                case 0 -> {
                    sender.close();
                    receiver.close();
                    senders.remove(i);
                    receivers.remove(i);
                }
                case 1, 2, 3, 4 -> {
                    long held = receiver.held();
                    if (held > 0 && receiver.consumed(1 + random.nextInt((int) held))) {
                        sender.credit(receiver.consumed(), receiver.limit());
                    }
                }
                default -> {
                    int size = (int) Math.min(sender.available(), random.nextInt(16 << 10));
                    sender.sent(size);
                    receiver.received(size);
                }
            }
            assertThat(receiverPool.taken()).isBetween(0L, CreditPool.SIZE);
            assertThat(receiverPool.implicitHeld()).isBetween(0L, CreditPool.IMPLICIT_SIZE);
        }
        receivers.forEach(ReceiveWindow::close);
        senders.forEach(SendWindow::close);

        assertThat(receiverPool.taken()).isZero();
        assertThat(receiverPool.implicitHeld()).isZero();
        assertThat(budget.free()).isEqualTo(CreditPool.IMPLICIT_SIZE);
    }
}
