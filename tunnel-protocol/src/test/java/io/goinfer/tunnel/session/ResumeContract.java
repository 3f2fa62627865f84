// SPDX-License-Identifier: MIT
package io.goinfer.tunnel.session;

import static io.goinfer.tunnel.testing.Eventually.eventually;
import static org.assertj.core.api.Assertions.assertThat;

import io.goinfer.tunnel.frame.Code;
import io.goinfer.tunnel.frame.Field;
import io.goinfer.tunnel.frame.Frame;
import io.goinfer.tunnel.frame.Id;
import io.goinfer.tunnel.wire.Wire;
import io.goinfer.tunnel.wire.WireStream;
import io.netty.buffer.Unpooled;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;
import org.junit.jupiter.api.Test;

/** Exchanges outlive their sessions, whatever the transport: PROTOCOL.md §6.10. */
public abstract class ResumeContract extends TransportContract {
    /** Later than anything that a test opens. */
    private static final long LATER = 1_000_000;

    /** All that was opened in the first session. */
    private static final Frame.Range OF_THE_FIRST = new Frame.Range(1, 0, LATER - 1);

    /** One more session of the same two processes; the recorders have it when it returns. */
    protected abstract void connectAgain(int maxStreams) throws Exception;

    private void connectAgain() throws Exception {
        connectAgain(1_024);
    }

    /** Both know it: a CONNECTION_CLOSE may be lost like any packet, and is not sent twice. */
    private void lose(Recorder by) {
        for (Recorder side : List.of(by, by == relaySide ? nodeSide : relaySide)) {
            side.on(() -> {
                side.session.close(Code.SESSION_LOST, "lost");
                return null;
            });
        }
        bothKnow();
    }

    private void bothKnow() {
        eventually("both know", () -> closed(relaySide) && closed(nodeSide));
        relaySide.log.clear();
        nodeSide.log.clear();
    }

    private void nothingIsLeft() {
        eventually("nothing is left", () -> relaySide.session.exchanges() == 0 && nodeSide.session.exchanges() == 0);
        assertThat(relaySide.session.outstandingCredit()).isZero();
    }

    private static void say(Call there, String text) {
        there.exchange.sendData(Unpooled.copiedBuffer(text, StandardCharsets.UTF_8));
    }

    @Test
    void bodiesInBothDirectionsOutliveAnyNumberOfSessions() throws Exception {
        long size = 6L << 20;
        Call call = relaySide.open(false);
        Call there = arrived(0);
        nodeSide.on(() -> {
            there.exchange.sendResponse(new Frame.Response(200, List.of(), false));
            there.endHeld = true;
            there.stream(size);
            return null;
        });
        relaySide.on(() -> {
            call.stream(size);
            return null;
        });
        for (int i = 1; i <= 5; i++) {
            long seen = size / 6 * i;
            int before = i - 1;
            eventually(
                    "it goes on, and some has passed",
                    Duration.ofSeconds(30),
                    () -> call.resumed == before && call.bytes + there.bytes > seen);
            lose(i % 2 == 0 ? relaySide : nodeSide);
            connectAgain();
        }
        eventually("the request ends", Duration.ofSeconds(60), () -> there.ended);
        nodeSide.on(() -> {
            there.endHeld = false;
            if (there.toSend == 0) {
                there.exchange.sendEnd(List.of(new Field("x-sum", "1")));
            }
            return null;
        });

        eventually("both end", Duration.ofSeconds(60), () -> call.ended && there.ended);
        assertThat(call.bytes).isEqualTo(size);
        assertThat(there.bytes).isEqualTo(size);
        assertThat(call.wrong || there.wrong).as("bytes changed").isFalse();
        assertThat(call.reset).isNull();
        assertThat(call.detached).isEqualTo(5);
        assertThat(call.resumed).isEqualTo(5);
        nothingIsLeft();
    }

    @Test
    void whatIsSentWithoutASessionComesWithTheNextOne() throws Exception {
        Call call = relaySide.open(true);
        Call there = arrived(0);
        lose(relaySide);
        nodeSide.on(() -> {
            there.answer("world");
            return null;
        });
        assertThat(call.ended).isFalse();
        connectAgain();

        eventually("the response ends", () -> call.ended);
        assertThat(call.response.status()).isEqualTo(200);
        assertThat(call.text).isEqualTo("world");
        nothingIsLeft();
    }

    @Test
    void withoutASessionTheNodeTakesFromItsBackendAsMuchAsItsCreditReaches() throws Exception {
        Call call = relaySide.open(true);
        Call there = arrived(0);
        lose(nodeSide);
        nodeSide.on(() -> {
            there.exchange.sendResponse(new Frame.Response(200, List.of(), false));
            there.stream(8L << 20);
            return null;
        });
        long waiting = (8L << 20) - there.toSend;
        assertThat(waiting).isBetween(32L << 10, 96L << 10);
        connectAgain();

        eventually("the response ends", Duration.ofSeconds(30), () -> call.ended);
        assertThat(call.bytes).isEqualTo(8L << 20);
        assertThat(call.wrong).isFalse();
    }

    @Test
    void aRequestThatNeverArrivedIsSentAgainWhole() throws Exception {
        Call call = relaySide.on(() -> {
            Call lost = new Call(relaySide, null, null);
            Id id = Id.random(ThreadLocalRandom.current());
            List<Field> fields = List.of(new Field(":method", "POST"));
            lost.exchange = relaySide.session.open(Frame.Request.of(id, fields, false), lost);
            say(lost, "hello");
            lost.exchange.sendEnd(List.of());
            // In the same turn of the loop: nothing has left yet.
            relaySide.session.close(Code.SESSION_LOST, "lost");
            return lost;
        });
        lose(nodeSide);
        connectAgain();

        Call there = arrived(0);
        eventually("the request ends", () -> there.ended);
        assertThat(there.text).isEqualTo("hello");
        nodeSide.on(() -> {
            there.answer("world");
            return null;
        });
        eventually("the response ends", () -> call.ended);
        assertThat(nodeSide.calls).hasSize(1);
        nothingIsLeft();
    }

    @Test
    void aClientThatLeavesWithoutASessionStopsTheNodeWithTheNextOne() throws Exception {
        Call call = relaySide.open(true);
        Call there = arrived(0);
        lose(nodeSide);
        relaySide.on(() -> {
            call.exchange.reset(Code.CANCELLED, "the client left");
            return null;
        });
        connectAgain();

        eventually("the node is told", () -> there.reset == Code.CANCELLED);
        nothingIsLeft();
    }

    @Test
    void aFailureWithoutASessionIsToldWithTheNextOne() throws Exception {
        Call call = relaySide.open(true);
        Call there = arrived(0);
        lose(relaySide);
        nodeSide.on(() -> {
            there.exchange.reset(Code.BACKEND_RESET, "gone");
            return null;
        });
        assertThat(call.reset).isNull();
        connectAgain();

        eventually("the relay is told", () -> call.reset == Code.BACKEND_RESET);
        nothingIsLeft();
    }

    @Test
    void anExchangeMovesToAnotherSessionWhileBothAreOpen() throws Exception {
        Call call = relaySide.open(true);
        Call there = arrived(0);
        nodeSide.on(() -> {
            there.exchange.sendResponse(new Frame.Response(200, List.of(), false));
            say(there, "one ");
            return null;
        });
        eventually("some has passed", () -> call.bytes == 4);
        TunnelSession nodeBefore = nodeSide.session;
        TunnelSession relayBefore = relaySide.session;
        connectAgain();
        nodeBefore.wire().loop().execute(() -> nodeBefore.drain(Code.MOVED, Duration.ofMillis(20), "replaced"));

        eventually("it moved", () -> call.resumed == 1 && there.resumed == 1);
        nodeSide.on(() -> {
            say(there, "two");
            there.exchange.sendEnd(List.of());
            return null;
        });
        eventually("the response ends", () -> call.ended);
        assertThat(call.text).isEqualTo("one two");
        assertThat(relayBefore.isClosed()).isTrue();
        nothingIsLeft();
    }

    @Test
    void aRelayThatLiesAboutWhatItHasEndsThatExchangeOnly() throws Exception {
        Call call = relaySide.open(true);
        Call there = arrived(0);
        relaySide.open(true);
        Call other = arrived(1);
        lose(relaySide);
        // The relay forgets them: what it asks for next is made up.
        relaySide.replaceAssociations(Duration.ofSeconds(60));
        connectAgain();
        Frame.Wanted lie = new Frame.Wanted(call.exchange.id(), true, 1_000, 100_000);
        Frame.Wanted truth = new Frame.Wanted(other.exchange.id(), false, 0, 100_000);
        Frame.Wanted unknown = new Frame.Wanted(new Id(9, 9), false, 0, 100_000);
        relaySide.on(() -> {
            relaySide
                    .session
                    .wire()
                    .sendControl(new Frame.Resume(LATER, List.of(OF_THE_FIRST), List.of(lie, truth, unknown), false));
            return null;
        });

        eventually("the node ends it", () -> there.reset == Code.FLOW_CONTROL);
        assertThat(other.reset).isNull();
        assertThat(closed(nodeSide)).isFalse();
    }

    @Test
    void anExchangeThatTheNodeHasDoesNotRunTwice() throws Exception {
        Call call = relaySide.open(true);
        arrived(0);
        Frame.Request again = Frame.Request.of(call.exchange.id(), List.of(new Field(":method", "POST")), true);
        lose(relaySide);
        relaySide.replaceAssociations(Duration.ofSeconds(60));
        connectAgain();
        Call second = new Call(relaySide, null, null);
        relaySide.on(() -> second.exchange = relaySide.session.open(again, second));

        eventually("it is refused", () -> second.reset == Code.SESSION_LOST);
        assertThat(nodeSide.calls).hasSize(1);
    }

    /** QUIC sends a REQUEST with FIN again until it arrives, also when the relay has long given it up there. */
    @Test
    void aRequestThatComesLateIntoASessionThatWasGivenUpDoesNotRun() throws Exception {
        TunnelSession before = relaySide.session;
        TunnelSession nodeBefore = nodeSide.session;
        connectAgain();
        TunnelSession after = relaySide.session;
        long given = ((RelayAssociation) before.association()).nextOrder();
        Frame.Range range = new Frame.Range(before.number(), 0, given + 1);
        Frame.Resume resume = new Frame.Resume(given + 1, List.of(range), List.of(), false);
        after.wire().loop().execute(() -> after.wire().sendControl(resume));
        List<Field> fields = List.of(new Field(":method", "POST"));
        Id id = Id.random(ThreadLocalRandom.current());
        Frame.Request request = Frame.Request.of(id, fields, true);
        eventually(
                "it is answered",
                () -> nodeSide.on(() ->
                        ((NodeAssociation) nodeBefore.association()).refuses(request.opened(given, 0), nodeBefore)));

        refused(before, request, "it comes too late");
        Call call = new Call(relaySide, null, null);
        before.wire().loop().execute(() -> call.exchange = before.open(Frame.Request.of(id, fields, true), call));
        arrived(0);
        assertThat(nodeSide.calls).hasSize(1);
    }

    private void refused(TunnelSession session, Frame.Request request, String why) {
        Call second = new Call(relaySide, null, null);
        session.wire().loop().execute(() -> second.exchange = session.open(request, second));
        eventually("refused: " + why, () -> second.reset == Code.SESSION_LOST);
    }

    /** A client that leaves at once: the word of it comes on another stream than the request. */
    @Test
    void aResetThatOvertakesItsRequestStopsIt() throws Exception {
        Id id = Id.random(ThreadLocalRandom.current());
        TunnelSession node = nodeSide.session;
        relaySide.on(() -> {
            relaySide.session.wire().sendControl(new Frame.ResetExchange(id, Code.CANCELLED, "the client left"));
            return null;
        });
        List<Field> fields = List.of(new Field(":method", "POST"));
        Frame.Request request = Frame.Request.of(id, fields, true);
        eventually(
                "the node remembers",
                () -> nodeSide.on(
                        () -> ((NodeAssociation) node.association()).refuses(request.opened(1_000, 0), node)));

        refused(relaySide.session, request, "it was cancelled");
        assertThat(nodeSide.calls).isEmpty();
    }

    /** The word that the relay left the session that carries it may come behind RESUME. */
    @Test
    void aResumeTakesAnExchangeFromWhicheverSessionCarriesIt() throws Exception {
        Call call = relaySide.open(true);
        Call there = arrived(0);
        connectAgain();
        Frame.Wanted wanted = new Frame.Wanted(call.exchange.id(), false, 0, 100_000);
        relaySide.on(() -> {
            relaySide.session.wire().sendControl(new Frame.Resume(LATER, List.of(), List.of(wanted), false));
            return null;
        });
        eventually("it is detached", () -> there.detached == 1);
        assertThat(there.reset).isNull();
    }

    /** A connection that stalled delivers what it had when it recovers. */
    @Test
    void aResumeThatALaterOneHasOvertakenChangesNothing() throws Exception {
        Call call = relaySide.open(true);
        Call there = arrived(0);
        TunnelSession first = relaySide.session;
        connectAgain();
        TunnelSession second = relaySide.session;
        Id id = call.exchange.id();
        Frame.Wanted wanted = new Frame.Wanted(id, false, 0, 100_000);
        relaySide.on(() -> {
            second.wire().sendControl(new Frame.Resume(LATER + 1, List.of(OF_THE_FIRST), List.of(wanted), false));
            return null;
        });
        eventually("it left the first session", () -> there.detached == 1);
        relaySide.on(() -> {
            first.wire().sendControl(new Frame.Resume(LATER, List.of(), List.of(wanted), false));
            // In order behind it: the node has looked at it when this is answered.
            first.wire().sendControl(new Frame.Resume(LATER - 2, List.of(OF_THE_FIRST), List.of(), false));
            Call again = new Call(relaySide, null, null);
            Leg leg = new Leg(
                    second, TunnelExchange.outgoing(second, Frame.Request.of(id, List.of(), true), 1, again), null);
            leg.stream().send(Frame.Request.of(id, List.of(), true).continued(LATER + 1, true));
            leg.stream().finish();
            return null;
        });

        eventually("it goes on in the second", () -> there.resumed == 1);
        assertThat(there.reset).isNull();
    }

    /** What was opened after a session was given up is not of the range that was. */
    @Test
    void aRangeEndsNothingThatWasOpenedLater() throws Exception {
        relaySide.open(true);
        Call before = arrived(0);
        TunnelSession first = relaySide.session;
        long given = relaySide.on(() -> ((RelayAssociation) first.association()).nextOrder());
        relaySide.open(true);
        Call after = arrived(1);
        connectAgain();
        Frame.Range range = new Frame.Range(first.number(), 0, given);
        relaySide.on(() -> {
            relaySide.session.wire().sendControl(new Frame.Resume(LATER, List.of(range), List.of(), false));
            return null;
        });

        eventually("what is not wanted any more ends", () -> before.reset == Code.CANCELLED);
        assertThat(after.reset).isNull();
    }

    @Test
    void whatDoesNotFitIntoASessionWaitsForRoom() throws Exception {
        disconnect();
        relaySide.replaceAssociations(Duration.ofSeconds(60));
        nodeSide.replaceAssociations(Duration.ofSeconds(60));
        connect(1_024);
        TunnelSession first = relaySide.session;
        Call[] calls = new Call[5];
        for (int i = 0; i < calls.length; i++) {
            calls[i] = relaySide.open(true);
            arrived(i);
        }
        connectAgain(2);
        first.wire().loop().execute(() -> first.close(Code.SESSION_LOST, "lost"));

        for (int done = 0; done < calls.length; done++) {
            int ended = done;
            eventually("as many as fit go on", () -> resumed() == Math.min(ended + 2, calls.length));
            nodeSide.on(() -> {
                assertThat(resumed()).isEqualTo(Math.min(ended + 2, calls.length));
                nodeSide.calls.stream()
                        .filter(call -> call.resumed == 1 && !call.answered)
                        .findFirst()
                        .orElseThrow()
                        .answer("done");
                return null;
            });
            eventually(
                    "one more has its answer",
                    () -> List.of(calls).stream().filter(call -> call.ended).count() == ended + 1);
        }
        assertThat(calls).allMatch(call -> call.reset == null && call.text.equals("done"));
        nothingIsLeft();
    }

    private long resumed() {
        return nodeSide.calls.stream().filter(call -> call.resumed == 1).count();
    }

    /** The relay has restarted, and a new session says so before the one with the old process ends. */
    @Test
    void whatAnAbandonedAssociationsSessionsLeaveBehindEndsAtOnce() {
        relaySide.open(true);
        Call there = arrived(0);
        TunnelSession session = nodeSide.session;
        nodeSide.on(() -> {
            ((NodeAssociation) session.association()).abandon("the relay has restarted");
            return null;
        });
        assertThat(there.reset).as("its session lives").isNull();
        nodeSide.on(() -> {
            session.close(Code.SESSION_LOST, "the relay is gone");
            return null;
        });

        eventually("nobody waits for it", () -> there.reset == Code.SESSION_LOST);
    }

    @Test
    void creditThatOvertakesTheContinuedRequestCounts() throws Exception {
        Call call = relaySide.open(true);
        Call there = arrived(0);
        lose(nodeSide);
        nodeSide.on(() -> {
            there.exchange.sendResponse(new Frame.Response(200, List.of(), false));
            there.stream(8L << 20);
            return null;
        });
        long before = there.toSend;
        relaySide.replaceAssociations(Duration.ofSeconds(60));
        connectAgain();
        Id id = call.exchange.id();
        Frame.Wanted wanted = new Frame.Wanted(id, false, 0, 100_000);
        Frame.Credit credit = new Frame.Credit(false, false, 0, 1_000_000);
        relaySide.on(() -> {
            Wire wire = relaySide.session.wire();
            wire.sendControl(new Frame.Resume(LATER, List.of(OF_THE_FIRST), List.of(wanted), false));
            wire.sendControl(new Frame.CreditExchange(id, credit));
            return null;
        });

        eventually("the node produces more", () -> before - there.toSend > 800_000);
        assertThat(there.reset).isNull();
    }

    @Test
    void whatNoSessionTakesOverInTimeEndsOnBothSides() throws Exception {
        disconnect();
        relaySide.replaceAssociations(Duration.ofMillis(200));
        nodeSide.replaceAssociations(Duration.ofMillis(200));
        connect(1_024);
        Call call = relaySide.open(true);
        Call there = arrived(0);
        lose(relaySide);

        eventually("both end", () -> call.reset == Code.SESSION_LOST && there.reset == Code.SESSION_LOST);
        eventually("the relay forgets the node", () -> relaySide.log.contains("idle"));
    }

    /** A process that was killed cannot say goodbye: the deadline of an hour does not hold for it. */
    @Test
    void aSupersededSessionThatDoesNotAnswerEndsWithAllThatItRan() throws Exception {
        Call call = relaySide.open(true);
        Call there = arrived(0);
        nodeSide.on(() -> {
            nodeSide.session.wire().events(new Deaf());
            return null;
        });

        relaySide.on(() -> {
            ((RelayAssociation) relaySide.session.association())
                    .abandon(Code.SESSION_LOST, "the node was started again");
            relaySide.session.supersede(Duration.ofHours(1), "a newer process took over");
            return null;
        });

        eventually("its exchange ends", () -> call.reset == Code.SESSION_LOST);
        eventually("it ends", () -> relaySide.log.contains("closed SUSPECT_TIMEOUT"));
        eventually("nothing waits for it", () -> relaySide.log.contains("idle"));
        assertThat(there.reset).isNull();
    }

    @Test
    void aSupersededSessionThatAnswersEndsWhatItRuns() throws Exception {
        Call call = relaySide.open(true);
        Call there = arrived(0);

        relaySide.on(() -> {
            relaySide.session.supersede(Duration.ofHours(1), "a newer process took over");
            return null;
        });

        eventually("the node is told", () -> nodeSide.log.contains("goaway SUPERSEDED"));
        nodeSide.on(() -> {
            there.answer("to the end");
            return null;
        });
        eventually("the response ends", () -> call.ended);
        assertThat(call.text).isEqualTo("to the end");
        eventually("it ends", () -> relaySide.log.contains("closed NO_ERROR"));
    }

    /** A process that was killed, while nobody says so. */
    private static final class Deaf implements Wire.Events {
        @Override
        public void onControl(Frame.Control frame) {
            Frame.release(frame);
        }

        @Override
        public WireStream.Events onStream(WireStream stream) {
            throw new IllegalStateException("not in this test");
        }

        @Override
        public void onClosed(Code code, String reason) {}
    }
}
