// SPDX-License-Identifier: MIT
package io.goinfer.proxy.lies;

import static io.goinfer.proxy.lies.Outcome.broken;
import static io.goinfer.proxy.lies.Outcome.cut;
import static io.goinfer.proxy.lies.Outcome.error;
import static io.goinfer.proxy.lies.Outcome.right;
import static io.goinfer.proxy.testing.RawFrame.answer;
import static io.goinfer.proxy.testing.RawFrame.credit;
import static io.goinfer.proxy.testing.RawFrame.data;
import static io.goinfer.proxy.testing.RawFrame.response;

import io.goinfer.proxy.testing.Bytes;
import io.goinfer.proxy.testing.Greeting;
import io.goinfer.proxy.testing.RawFrame;
import io.goinfer.proxy.testing.ScriptedNode;
import io.goinfer.proxy.testing.ScriptedNode.Asked;
import io.goinfer.tunnel.frame.Code;
import io.goinfer.tunnel.frame.FrameType;
import io.goinfer.tunnel.frame.Id;
import java.util.Arrays;
import java.util.List;

/** A session is lost in the middle of an exchange, and the next one lies about it: PROTOCOL.md §6.10. */
final class ResumeLies {
    static final RawFrame HEAD = response(200, "content-type", "text/plain");
    private static final Id NOBODY = new Id(9, 9);
    private static final long LIMIT = 65_536;

    private ResumeLies() {}

    /** What the next session says of the exchange. */
    interface Next {
        void tell(ScriptedNode node, Asked lost) throws Exception;
    }

    /** What it does with the stream on which the exchange goes on. */
    interface Rest {
        void tell(Asked continued) throws Exception;
    }

    private static RawFrame resumeOk(Bytes... answers) {
        return RawFrame.resumeOk(0, answers);
    }

    /** As an answer to the RESUME that came, whatever order it was made with. */
    static void say(ScriptedNode node, RawFrame... frames) throws java.io.IOException {
        byte[] order = Arrays.copyOf(node.await(FrameType.RESUME).payload(), Long.BYTES);
        for (RawFrame frame : frames) {
            if (frame.type() == FrameType.RESUME_OK.number() && frame.payload().length >= order.length) {
                System.arraycopy(order, 0, frame.payload(), 0, order.length);
            }
            node.control(frame);
        }
    }

    static final Rest HONEST = continued -> continued.send(data("ght").end()).finish();

    static Lie half(String name, Outcome outcome, Next next, Rest rest) {
        return Lie.of(name, outcome, (asked, liar) -> {
            if (asked.head().kind() == 1) {
                rest.tell(asked);
                return;
            }
            asked.send(HEAD, data("ri"));
            again(asked, liar, next);
        });
    }

    /** The first session goes without a word, a second one of the same process is asked to go on. */
    static void again(Asked asked, Liar liar, Next next) throws Exception {
        liar.settle(asked.node());
        asked.node().close();
        Greeting greeting = liar.again();
        greeting.number = 2;
        ScriptedNode node = liar.current(liar.dial().greet(greeting));
        node.await(FrameType.RESUME);
        next.tell(node, asked);
    }

    private static Lie answers(String name, Outcome outcome, java.util.function.Function<Id, RawFrame> lie) {
        return half(
                name, outcome, (node, lost) -> say(node, lie.apply(lost.head().exchange())), HONEST);
    }

    private static Lie fatal(String name, java.util.function.Function<Id, RawFrame> lie) {
        return answers(name, cut(), lie).ends(Code.PROTOCOL, Code.FLOW_CONTROL);
    }

    private static Lie goesOn(String name, Outcome outcome, Rest rest) {
        return half(
                name,
                outcome,
                (node, lost) -> say(node, resumeOk(goOn(lost.head().exchange()))),
                rest);
    }

    static Bytes goOn(Id exchange) {
        return answer(exchange, 0, 2, 0, lengthOf(exchange), LIMIT);
    }

    /** The request's body was received as a whole: how long it is, the relay does not say, but the client does. */
    private static long lengthOf(Id exchange) {
        return ("{\"model\":\"" + Liar.MODEL + "\",\"messages\":[]}").length();
    }

    /** The session is lost in the middle of the request. */
    static Lie upload(String name, Outcome outcome, java.util.function.Function<Id, RawFrame> lie) {
        return Lie.of(name, outcome, (asked, liar) -> {
                    if (asked.head().kind() == 1) {
                        asked.answer();
                        return;
                    }
                    asked.node().await("DATA", one -> one.type() == 0x22);
                    asked.send(credit(10_000, 100_000));
                    again(
                            asked,
                            liar,
                            (node, lost) -> say(node, lie.apply(lost.head().exchange())));
                })
                .asking(Ask.UPLOAD);
    }

    static List<Lie> all() {
        return List.of(
                goesOn("no lie: an answer goes on in the next session", right(), HONEST),
                // RESUME_OK
                answers(
                        "CONTINUE with more than was sent",
                        cut(),
                        id -> resumeOk(answer(id, 0, 2, 0, 1L << 40, 1L << 41))),
                answers("UNKNOWN of what it has answered", cut(), id -> resumeOk(answer(id, 1, 0, 0, 0, 0))),
                answers(
                        "ENDED with NO_ERROR in the middle of the answer",
                        cut(),
                        id -> resumeOk(answer(id, 2, 0, 0, 0, 0))),
                answers("ENDED with a code that is none", cut(), id -> resumeOk(answer(id, 2, 0, 0xffffffffL, 0, 0))),
                answers(
                        "ENDED with REFUSED in the middle of the answer",
                        cut(),
                        id -> resumeOk(answer(id, 2, 0, 4, 0, 0))),
                answers(
                        "answers for exchanges that nobody asked for",
                        right(),
                        id -> resumeOk(answer(NOBODY, 0, 2, 0, 0, 0), goOn(id), answer(new Id(8, 8), 2, 0, 0, 0, 0))),
                answers("CONTINUE, then ENDED", right(), id -> resumeOk(goOn(id), answer(id, 2, 0, 0, 0, 0))),
                answers("ENDED, then CONTINUE", cut(), id -> resumeOk(answer(id, 2, 0, 7, 0, 0), goOn(id))),
                answers("CONTINUE twice", right(), id -> resumeOk(goOn(id), goOn(id))),
                half(
                                "RESUME_OK twice",
                                right(),
                                (node, lost) -> say(
                                        node,
                                        resumeOk(goOn(lost.head().exchange())),
                                        resumeOk(goOn(lost.head().exchange()))),
                                HONEST)
                        .mayEnd(),
                half(
                        "RESET_EXCHANGE instead of RESUME_OK",
                        cut(),
                        (node, lost) ->
                                say(node, RawFrame.resetExchange(lost.head().exchange(), 7, "")),
                        HONEST),
                half(
                                "a frame on the stream of the lost session",
                                cut(),
                                (node, lost) ->
                                        node.send(lost.stream(), data("ght").end()),
                                HONEST)
                        .ends(Code.PROTOCOL),
                half(
                                "GOAWAY instead of RESUME_OK",
                                cut(),
                                (node, lost) -> say(node, RawFrame.goAway(34, 0, "")),
                                HONEST)
                        .ends(Code.REVOKED),
                fatal("a verdict of 3", id -> resumeOk(answer(id, 3, 0, 0, 0, LIMIT))),
                fatal("a verdict of 255", id -> resumeOk(answer(id, 255, 0, 0, 0, LIMIT))),
                fatal(
                        "more answers counted than there are",
                        id -> RawFrame.of(
                                FrameType.RESUME_OK, 0, Bytes.of().u64(0).u16(2).raw(goOn(id).array()))),
                fatal(
                        "fewer answers counted than there are",
                        id -> RawFrame.of(
                                FrameType.RESUME_OK, 0, Bytes.of().u64(0).u16(0).raw(goOn(id).array()))),
                fatal("received of 2^63", id -> resumeOk(answer(id, 0, 2, 0, 1L << 63, -1))),
                fatal("a limit of 2^63", id -> resumeOk(answer(id, 0, 2, 0, 0, 1L << 63))),
                fatal("RESUME_OK of no byte", id -> RawFrame.of(FrameType.RESUME_OK, 0, Bytes.of())),
                // the stream that goes on
                goesOn(
                        "RESPONSE again in the next session",
                        cut(),
                        continued -> continued.send(HEAD, data("ght").end()).finish()),
                goesOn(
                        "INFO in the next session",
                        cut(),
                        continued -> continued
                                .send(RawFrame.info(103), data("ght").end())
                                .finish()),
                goesOn("FIN at once in the next session", cut(), Asked::finish),
                goesOn(
                        "RESET in the next session",
                        cut(),
                        continued -> continued.send(RawFrame.reset(2, "no")).finish()),
                goesOn(
                        "CANCEL with MOVED in the next session",
                        cut(),
                        continued -> continued.node().cancel(continued.stream(), 16)),
                goesOn(
                        "CREDIT for less than RESUME_OK told, in the next session",
                        right(),
                        continued -> continued
                                .send(credit(0, LIMIT), data("ght").end())
                                .finish()),
                // the request
                upload(
                        "CONTINUE with less than was acknowledged",
                        broken(),
                        id -> resumeOk(answer(id, 0, 0, 0, 9_999, 100_000))),
                upload(
                        "CONTINUE with a limit below the one before",
                        broken(),
                        id -> resumeOk(answer(id, 0, 0, 0, 10_000, 99_999))),
                upload(
                        "CONTINUE with a limit below what was received",
                        broken(),
                        id -> resumeOk(answer(id, 0, 0, 0, 20_000, 10_000))),
                upload(
                                "CONTINUE that has the end of what was not sent",
                                broken().or(right()),
                                id -> resumeOk(answer(id, 0, 2, 0, 10_000, 100_000)))
                        .mayEnd(),
                // nothing was lost
                Lie.control("RESUME_OK that nobody asked for", right().or(error()), resumeOk())
                        .mayEnd(),
                Lie.control(
                                "RESUME_OK for an exchange that is not there",
                                right().or(error()),
                                resumeOk(answer(NOBODY, 0, 2, 0, 0, LIMIT)))
                        .mayEnd(),
                Lie.of("RESUME_OK that ends the exchange that runs", right().or(error()), (asked, liar) -> {
                            asked.node().control(resumeOk(answer(asked.head().exchange(), 2, 0, 7, 0, 0)));
                            asked.answer();
                        })
                        .mayEnd(),
                Lie.of("RESUME_OK that goes on with the exchange that runs", right().or(error()), (asked, liar) -> {
                            asked.node().control(resumeOk(goOn(asked.head().exchange())));
                            asked.answer();
                        })
                        .mayEnd(),
                Lie.control(
                                "RESUME_OK 1,000 times",
                                right().or(error()),
                                java.util.Collections.nCopies(1_000, resumeOk()).toArray(RawFrame[]::new))
                        .mayEnd(),
                Lie.of("another process goes on with what was lost", cut(), (asked, liar) -> {
                            if (liar.current() != asked.node()) {
                                throw new AssertionError("a REQUEST in the other process");
                            }
                            asked.send(HEAD, data("ri"));
                            liar.settle(asked.node());
                            asked.node().close();
                            ScriptedNode other = liar.current(liar.dial().greet(liar.greeting()));
                            other.control(resumeOk(goOn(asked.head().exchange())), RawFrame.models(Liar.MODELS));
                        })
                        .mayEnd());
    }
}
