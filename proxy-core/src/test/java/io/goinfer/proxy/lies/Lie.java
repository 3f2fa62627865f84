// SPDX-License-Identifier: MIT
package io.goinfer.proxy.lies;

import io.goinfer.proxy.testing.RawFrame;
import io.goinfer.proxy.testing.ScriptedNode;
import io.goinfer.proxy.testing.ScriptedNode.Asked;
import io.goinfer.tunnel.frame.Code;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** One row: what the node does, and what must come of it. */
final class Lie {
    /** What the node does with a request. It is asked again where the relay tries again. */
    interface Script {
        void tell(Asked asked, Liar liar) throws Exception;
    }

    /** How it gets its session; null: it never gets one. */
    interface Opening {
        @Nullable
        ScriptedNode open(Liar liar) throws Exception;
    }

    final String name;
    final Outcome client;
    private final Script script;
    private Opening opening = Liar::connect;
    private Ask ask = Ask.CHAT;
    private String model = Liar.MODEL;
    private boolean clientWaits;
    private boolean mayClose;
    private List<Code> ends = List.of();
    private boolean mayStay = true;

    private Lie(String name, Outcome client, Script script) {
        this.name = name;
        this.client = client;
        this.script = script;
    }

    static Lie of(String name, Outcome client, Script script) {
        return new Lie(name, client, script);
    }

    /** The node sends these frames on the exchange's stream and ends it. */
    static Lie frames(String name, Outcome client, RawFrame... frames) {
        return of(name, client, (asked, liar) -> asked.send(frames).finish());
    }

    /** The node sends these on the control stream, which is no lie about the answer: it comes behind them. */
    static Lie control(String name, Outcome client, RawFrame... frames) {
        return of(name, client, (asked, liar) -> {
            asked.node().control(frames);
            asked.answer();
        });
    }

    /** What breaks the control stream: the session ends. */
    static Lie fatal(String name, RawFrame... frames) {
        return of(name, Outcome.error(), (asked, liar) -> asked.node().control(frames))
                .ends(Code.PROTOCOL);
    }

    /** It says this instead of a greeting, and no session comes of it. */
    static Lie greeting(String name, Opening opening) {
        Lie lie = of(name, Outcome.error(), (asked, liar) -> {
            throw new AssertionError("it got a session, and a request");
        });
        lie.opening = opening;
        return lie;
    }

    Lie opened(Opening other) {
        opening = other;
        return this;
    }

    Lie asking(Ask other) {
        ask = other;
        return this;
    }

    Lie forModel(String other) {
        model = other;
        return this;
    }

    /** The client reads nothing until the node has said all. */
    Lie clientWaits() {
        clientWaits = true;
        return this;
    }

    /** What was announced is whole for the client before the lie is seen: the connection may end behind it. */
    Lie mayClose() {
        mayClose = true;
        return this;
    }

    /** The relay ends the session with one of these. */
    Lie ends(Code... codes) {
        ends = Arrays.asList(codes);
        mayStay = false;
        return this;
    }

    /** PROTOCOL.md leaves it to the relay whether the session goes on. */
    Lie mayEnd() {
        ends = List.of(Code.values());
        return this;
    }

    // ---- for the test

    @Nullable
    ScriptedNode open(Liar liar) throws Exception {
        return opening.open(liar);
    }

    void tell(Asked asked, Liar liar) throws Exception {
        script.tell(asked, liar);
    }

    Ask ask() {
        return ask;
    }

    String model() {
        return model;
    }

    boolean clientReadsLate() {
        return clientWaits;
    }

    boolean connectionMayEnd() {
        return mayClose;
    }

    boolean mayStay() {
        return mayStay;
    }

    List<String> endings() {
        List<String> names = new ArrayList<>();
        ends.forEach(code -> names.add(code.name()));
        return names;
    }

    @Override
    public String toString() {
        return name;
    }
}
