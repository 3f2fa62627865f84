// SPDX-License-Identifier: MIT
package io.goinfer.proxy.lies;

import static io.goinfer.proxy.lies.Outcome.error;
import static io.goinfer.proxy.lies.Outcome.right;

import io.goinfer.proxy.testing.Greeting;
import io.goinfer.proxy.testing.RawFrame;
import io.goinfer.proxy.testing.ScriptedNode;
import io.goinfer.proxy.testing.ScriptedTcpNode;
import io.goinfer.tunnel.frame.Code;
import io.goinfer.tunnel.frame.FrameType;
import io.goinfer.tunnel.frame.Id;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** Several processes, and several connections, that say they are one node: PROTOCOL.md §8. */
final class SuccessionLies {
    private SuccessionLies() {}

    /** A session that serves, and then another one of the same node. */
    private static Lie second(String name, Lie.Opening then) {
        return Lie.of(name, right(), (asked, liar) -> asked.answer()).opened(liar -> {
            ScriptedNode first = liar.connect();
            then.open(liar);
            return first;
        });
    }

    /** Another process that may not come in, beside one that serves. */
    private static Lie refused(String name, long epochAdded) {
        return second(name, liar -> {
            Greeting late = liar.again();
            late.instance = new Id(77, 77);
            late.epoch += epochAdded;
            ScriptedTcpNode node = liar.dial();
            node.control(late.frame());
            String why = node.ended().get(10, TimeUnit.SECONDS);
            if (!why.equals(Code.SUPERSEDED.name())) {
                throw new AssertionError("refused with " + why);
            }
            return node;
        });
    }

    /** Another process that is newer, and has said nothing yet that lets it take over. */
    private static Lie notYet(String name, RawFrame... frames) {
        return second(name, liar -> {
            ScriptedNode node = liar.dial().greet(liar.greeting());
            node.control(frames);
            liar.settle(node);
            node.silent();
            return node;
        });
    }

    /** One more connection of the same process. */
    private static Lie beside(String name, java.util.function.Consumer<Greeting> lie) {
        return second(name, liar -> {
                    Greeting greeting = liar.again();
                    greeting.number = 2;
                    lie.accept(greeting);
                    ScriptedTcpNode node = liar.dial();
                    node.control(greeting.frame());
                    return node;
                })
                .mayEnd();
    }

    static List<Lie> all() {
        return List.of(
                refused("a second process of the same epoch", 0),
                refused("a second process of a lower epoch", -1),
                notYet("a newer process that tells no models"),
                notYet("a newer process whose models are no JSON", RawFrame.models("models")),
                notYet(
                        "a newer process that has not found a model yet",
                        RawFrame.models("{\"models\":[],\"partial\":true}")),
                notYet("a newer process that tells only how busy it is", RawFrame.load("{\"busy\":1000000}")),
                beside("a second connection of the same number", greeting -> greeting.number = 1),
                beside("a second connection of a lower number", greeting -> greeting.number = 0),
                beside("a second connection of another epoch", greeting -> greeting.epoch++),
                beside("a second connection of an epoch that has passed", greeting -> greeting.epoch--),
                beside("a second connection as a standby", greeting -> greeting.lane = 1),
                beside("a second connection of another name", greeting -> greeting.name = new byte[] {'x'}),
                second("50 connections", liar -> {
                            ScriptedTcpNode node = null;
                            for (int i = 0; i < 50; i++) {
                                Greeting greeting = liar.again();
                                greeting.number = i + 2;
                                node = liar.dial();
                                node.control(greeting.frame());
                            }
                            return node;
                        })
                        .mayEnd(),
                Lie.of("a newer process takes over, and the older one answers", right(), (asked, liar) -> {
                            if (liar.current() == asked.node()) {
                                liar.serve(liar.dial(), liar.greeting(), Liar.MODELS);
                                asked.node().await(FrameType.GOAWAY);
                            }
                            asked.answer();
                        })
                        .ends(Code.SUPERSEDED, Code.NO_ERROR),
                Lie.of("a newer process takes over, and the older one plays dead", right(), (asked, liar) -> {
                            if (liar.current() == asked.node()) {
                                asked.node().answersPings(false);
                                liar.serve(liar.dial(), liar.greeting(), Liar.MODELS);
                            } else {
                                asked.answer();
                            }
                        })
                        .ends(Code.SUPERSEDED, Code.SESSION_LOST, Code.SUSPECT_TIMEOUT, Code.NO_ERROR),
                Lie.of("the older process tells models after it was replaced", right(), (asked, liar) -> {
                            if (liar.current() == asked.node()) {
                                liar.serve(liar.dial(), liar.greeting(), Liar.MODELS);
                                asked.node().await(FrameType.GOAWAY);
                                asked.node().control(RawFrame.models("{\"models\":[{\"id\":\"stale\"}]}"));
                                liar.settle(asked.node());
                                if (liar.rig().relay.fleet().catalog().find("stale") != null) {
                                    throw new AssertionError("the older process's models are listed");
                                }
                            }
                            asked.answer();
                        })
                        .ends(Code.SUPERSEDED, Code.NO_ERROR),
                Lie.of(
                                "20 processes, each newer than the one before",
                                right().or(error()),
                                (asked, liar) -> asked.answer())
                        .opened(liar -> {
                            ScriptedNode last = null;
                            for (int i = 0; i < 20; i++) {
                                last = liar.connect();
                            }
                            return last;
                        }));
    }
}
