// SPDX-License-Identifier: MIT
package io.goinfer.tunnel.session;

import static org.assertj.core.api.Assertions.assertThat;

import io.goinfer.tunnel.frame.Code;
import io.goinfer.tunnel.frame.Frame;
import io.goinfer.tunnel.frame.Id;
import io.goinfer.tunnel.wire.WireStream;
import io.netty.buffer.ByteBuf;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A relay's session that takes over what another left: the test is the node. */
class ResumingTest {
    private static final SessionTerms TERMS = new SessionTerms(1, 0, 10_240, 4_096, "node");
    private static final long WINDOW = Duration.ofSeconds(60).toNanos();

    private final RelayAssociation association = new RelayAssociation(new Id(1, 1), Duration.ofSeconds(60), () -> {});
    private final StreamWire firstWire = new StreamWire();
    private final StreamWire secondWire = new StreamWire();
    private final TunnelSession first = session(firstWire, 1, TERMS);
    private final TunnelSession second = session(secondWire, 2, TERMS);
    private final List<Asker> askers = new ArrayList<>();

    private TunnelSession session(StreamWire wire, long number, SessionTerms terms) {
        TunnelSession session = new TunnelSession(wire, true, terms, association, number, (code, reason) -> {});
        wire.events(session);
        return session;
    }

    /** Streams that take what they get, or are refused: then at once, which is the worst that a transport could do. */
    private static final class StreamWire extends ScriptedWire {
        private boolean refusing;
        private int opened;

        @Override
        public WireStream open(WireStream.Events receiver) {
            opened++;
            if (refusing) {
                receiver.onCancel(Code.REFUSED);
            }
            return new WireStream() {
                @Override
                public void send(Frame.Exchange frame) {
                    Frame.release(frame);
                }

                @Override
                public void finish() {}

                @Override
                public void cancel(Code code) {}

                @Override
                public void stopReading(Code code) {}

                @Override
                public boolean isWritable() {
                    return true;
                }
            };
        }
    }

    private static final class Asker implements ExchangeEvents {
        private Code end = Code.NO_ERROR;

        @Override
        public void onData(ByteBuf content) {
            content.release();
        }

        @Override
        public void onEnd() {}

        @Override
        public void onReset(Code code, String reason) {
            end = code;
        }
    }

    @BeforeEach
    void begin() {
        first.begin();
        second.begin();
    }

    @AfterEach
    void stop() {
        first.close(Code.SUPERSEDED, "the test is over");
        second.close(Code.SUPERSEDED, "the test is over");
    }

    /** Opens them in the first session, which is lost. Returns the RESUME's order. */
    private long lost(int count) {
        for (int i = 1; i <= count; i++) {
            Asker asker = new Asker();
            askers.add(asker);
            first.open(Frame.Request.of(new Id(7, i), List.of(), true), asker);
        }
        firstWire.lose(Code.SESSION_LOST);
        firstWire.turn();
        secondWire.turn();
        Frame.Resume resume = (Frame.Resume) secondWire.sent.get(0);
        assertThat(second.exchanges()).isEqualTo(count);
        return resume.order();
    }

    private static List<Frame.Answer> answers(int count, Frame.Verdict verdict, Code code) {
        List<Frame.Answer> answers = new ArrayList<>();
        for (int i = 1; i <= count; i++) {
            answers.add(new Frame.Answer(new Id(7, i), verdict, true, code, 0, 1 << 16));
        }
        return answers;
    }

    /** More than calls can be nested, and what ended needs no stream. */
    @Test
    void thousandsThatEndedAreAllToldHow() {
        int count = 5_000;
        long order = lost(count);
        secondWire.receive(new Frame.ResumeOk(order, answers(count, Frame.Verdict.ENDED, Code.BACKEND_RESET), false));

        assertThat(askers).allMatch(asker -> asker.end == Code.BACKEND_RESET);
        assertThat(second.exchanges()).isZero();
        assertThat(secondWire.opened).isZero();
    }

    @Test
    void thousandsThatCannotGoOnAreAllTold() {
        int count = 5_000;
        long order = lost(count);
        List<Frame.Answer> lies = new ArrayList<>();
        answers(count, Frame.Verdict.CONTINUE, Code.NO_ERROR)
                .forEach(one -> lies.add(new Frame.Answer(one.exchange(), one.verdict(), true, one.code(), 99, 99)));
        secondWire.receive(new Frame.ResumeOk(order, lies, false));

        assertThat(askers).allMatch(asker -> asker.end != Code.NO_ERROR);
    }

    @Test
    void whatTheTransportRefusesIsTriedAgainWithEachTickAndEndsWithItsWindow() {
        long order = lost(3);
        secondWire.refusing = true;
        secondWire.receive(new Frame.ResumeOk(order, answers(3, Frame.Verdict.CONTINUE, Code.NO_ERROR), false));
        assertThat(secondWire.opened).isEqualTo(3);
        long now = System.nanoTime();
        second.resuming().tick(now, WINDOW);
        second.resuming().tick(now, WINDOW);
        assertThat(secondWire.opened).isEqualTo(9);
        assertThat(askers).allMatch(asker -> asker.end == Code.NO_ERROR);

        second.resuming().tick(now + 2 * WINDOW, WINDOW);
        assertThat(askers).allMatch(asker -> asker.end == Code.SESSION_LOST);
        assertThat(second.exchanges()).isZero();
    }

    @Test
    void whatTheTransportRefusedGetsItsStreamWithTheNextTick() {
        secondWire.refusing = true;
        long order = lost(1);
        secondWire.receive(new Frame.ResumeOk(order, answers(1, Frame.Verdict.CONTINUE, Code.NO_ERROR), false));
        secondWire.refusing = false;
        second.resuming().tick(System.nanoTime(), WINDOW);
        assertThat(secondWire.opened).isEqualTo(2);
        assertThat(askers.get(0).end).isEqualTo(Code.NO_ERROR);
    }

    @Test
    void oneThatEndsMakesRoomForTheNextAtOnce() {
        StreamWire wire = new StreamWire();
        TunnelSession small = session(wire, 3, new SessionTerms(1, 0, 1, 4_096, "node"));
        small.begin();
        List<TunnelExchange> exchanges = new ArrayList<>();
        for (int i = 1; i <= 2; i++) {
            exchanges.add(first.open(Frame.Request.of(new Id(7, i), List.of(), true), new Asker()));
        }
        firstWire.lose(Code.SESSION_LOST);
        firstWire.turn();
        wire.turn();
        long order = ((Frame.Resume) wire.sent.get(0)).order();
        wire.receive(new Frame.ResumeOk(order, answers(2, Frame.Verdict.CONTINUE, Code.NO_ERROR), false));
        assertThat(wire.opened).isEqualTo(1);

        exchanges.get(0).reset(Code.CANCELLED, "the client left");
        assertThat(wire.opened).isEqualTo(2);
        small.close(Code.SUPERSEDED, "the test is over");
    }
}
