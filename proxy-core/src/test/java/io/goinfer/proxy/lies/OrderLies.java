// SPDX-License-Identifier: MIT
package io.goinfer.proxy.lies;

import static io.goinfer.proxy.lies.Outcome.broken;
import static io.goinfer.proxy.lies.Outcome.cut;
import static io.goinfer.proxy.lies.Outcome.right;
import static io.goinfer.proxy.lies.ResumeLies.HONEST;
import static io.goinfer.proxy.lies.ResumeLies.again;
import static io.goinfer.proxy.lies.ResumeLies.goOn;
import static io.goinfer.proxy.lies.ResumeLies.half;
import static io.goinfer.proxy.lies.ResumeLies.say;
import static io.goinfer.proxy.lies.ResumeLies.upload;
import static io.goinfer.proxy.testing.RawFrame.answer;
import static io.goinfer.proxy.testing.RawFrame.data;
import static org.assertj.core.api.Assertions.assertThat;

import io.goinfer.proxy.testing.Bytes;
import io.goinfer.proxy.testing.Greeting;
import io.goinfer.proxy.testing.RawFrame;
import io.goinfer.proxy.testing.ScriptedNode;
import io.goinfer.tunnel.frame.Code;
import io.goinfer.tunnel.frame.Frame;
import io.goinfer.tunnel.frame.FrameType;
import io.goinfer.tunnel.frame.Id;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Collections;
import java.util.List;

/** RESUME_OK of another order than RESUME's, in pieces, and without what was asked for: PROTOCOL.md §5.10, §5.11, §6.10. */
final class OrderLies {
    private OrderLies() {}

    private static long order(ScriptedNode node) throws IOException {
        return ByteBuffer.wrap(node.await(FrameType.RESUME).payload()).getLong();
    }

    private static RawFrame last(Bytes... answers) {
        return RawFrame.resumeOk(0, answers);
    }

    private static RawFrame more(Bytes... answers) {
        return last(answers).flags(Frame.MORE);
    }

    private static Bytes ended(Id exchange) {
        return answer(exchange, 2, 0, 7, 0, 0);
    }

    private static Bytes nobody(long number) {
        return answer(new Id(number, 9), 0, 2, 0, 0, 0);
    }

    private interface Answers {
        RawFrame[] of(Id exchange);
    }

    private static Lie pieces(String name, Outcome outcome, Answers lie) {
        return half(name, outcome, (node, lost) -> say(node, lie.of(lost.head().exchange())), HONEST);
    }

    private static RawFrame[] frames(RawFrame... frames) {
        return frames;
    }

    private interface Orders {
        long of(long order);
    }

    /** It ended, says an answer to a RESUME that there was not; then comes the right one. */
    private static Lie ignored(String name, Orders other) {
        return half(
                "RESUME_OK of " + name,
                right(),
                (node, lost) -> {
                    Id exchange = lost.head().exchange();
                    long order = other.of(order(node));
                    node.control(RawFrame.resumeOk(order, ended(exchange)), RawFrame.resumeOk(order));
                    say(node, last(goOn(exchange)));
                },
                HONEST);
    }

    /** The relay's own numbers, which a node relies on. */
    private static Lie continued() {
        return half(
                "no lie: what goes on has the order of its RESUME",
                right(),
                (node, lost) -> {
                    assertThat(order(node)).isGreaterThan(lost.head().order());
                    say(node, last(goOn(lost.head().exchange())));
                },
                continued -> {
                    assertThat(continued.head().order()).isEqualTo(order(continued.node()));
                    HONEST.tell(continued);
                });
    }

    private static Lie unknown() {
        return Lie.of("UNKNOWN of what it has not answered: the REQUEST comes anew", right(), (asked, liar) -> {
            if (liar.current() == asked.node() && asked.node().received(FrameType.RESUME)) {
                assertThat(asked.head().kind()).isZero();
                assertThat(asked.head().order()).isEqualTo(order(asked.node()));
                asked.answer();
                return;
            }
            again(asked, liar, (node, lost) -> say(node, last(answer(lost.head().exchange(), 1, 0, 0, 0, 0))));
        });
    }

    /** A RESUME is lost with its session before it was answered; the next session answers it. */
    private static Lie overtaken() {
        return Lie.of("RESUME_OK of the order of an earlier session's RESUME", right(), (asked, liar) -> {
            if (asked.head().kind() == 1) {
                HONEST.tell(asked);
                return;
            }
            asked.send(ResumeLies.HEAD, data("ri"));
            again(asked, liar, (second, lost) -> {
                long before = order(second);
                second.close();
                Greeting greeting = liar.again();
                greeting.number = 3;
                ScriptedNode third = liar.current(liar.dial().greet(greeting));
                assertThat(order(third)).isGreaterThan(before);
                third.control(RawFrame.resumeOk(before, ended(lost.head().exchange())));
                say(third, last(goOn(lost.head().exchange())));
            });
        });
    }

    private static Bytes[] many(Id exchange) {
        Bytes[] all = new Bytes[1_500];
        for (int i = 0; i < all.length; i++) {
            all[i] = i == 700 ? goOn(exchange) : nobody(i);
        }
        return all;
    }

    static List<Lie> all() {
        return List.of(
                continued(),
                unknown(),
                upload(
                        "UNKNOWN of a request that it has acknowledged in part",
                        broken(),
                        id -> last(answer(id, 1, 0, 0, 0, 0))),
                // the order
                ignored("order 0", order -> 0),
                ignored("an order below RESUME's", order -> order - 1),
                ignored("an order above RESUME's", order -> order + 1),
                ignored("order 2^63 - 1", order -> Long.MAX_VALUE),
                overtaken(),
                half(
                                "RESUME_OK of order 2^63",
                                cut(),
                                (node, lost) -> node.control(RawFrame.resumeOk(
                                        1L << 63, goOn(lost.head().exchange()))),
                                HONEST)
                        .ends(Code.PROTOCOL),
                // MORE
                pieces("RESUME_OK with MORE has the answer", right(), id -> frames(more(goOn(id)), last())),
                pieces(
                        "RESUME_OK with MORE has the answer, and there is no last one",
                        right(),
                        id -> frames(more(goOn(id)))),
                pieces("RESUME_OK behind 1,000 with MORE", right(), id -> {
                    RawFrame[] all = Collections.nCopies(1_001, more()).toArray(RawFrame[]::new);
                    all[1_000] = last(goOn(id));
                    return all;
                }),
                pieces("CONTINUE with MORE, then ENDED", right(), id -> frames(more(goOn(id)), last(ended(id)))),
                pieces("ENDED with MORE, then CONTINUE", cut(), id -> frames(more(ended(id)), last(goOn(id)))),
                pieces(
                        "RESUME_OK with every flag but the optional one's",
                        right(),
                        id -> frames(last(goOn(id)).flags(0x7f), last())),
                pieces("1,500 answers, one of which was asked for", right(), id -> frames(last(many(id)))),
                // left out
                pieces("RESUME_OK without what was asked for", cut(), id -> frames(last())),
                pieces("RESUME_OK of others alone", cut(), id -> frames(last(nobody(1), nobody(2)))),
                pieces("the last RESUME_OK before the right one", cut(), id -> frames(last(), last(goOn(id)))),
                pieces("the last RESUME_OK before MORE", cut(), id -> frames(last(), more(goOn(id)))));
    }
}
