// SPDX-License-Identifier: MIT
package io.goinfer.tunnel.session;

import static org.assertj.core.api.Assertions.assertThat;

import io.goinfer.tunnel.frame.Code;
import io.goinfer.tunnel.frame.Frame;
import io.goinfer.tunnel.frame.Id;
import io.goinfer.tunnel.wire.Wire;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What may come before HELLO_OK, and in which order both sides are told of a session. */
class GreetingTest {
    private static final Frame.Hello HELLO = new Frame.Hello(1, 1, 0, new Id(1, 1), 1, 0, 1, 16, 4096, "n", "s");

    private final ScriptedWire wire = new ScriptedWire();
    private final List<String> log = new ArrayList<>();

    /** Lets everybody in, unless {@code ends} the session as soon as it is there. */
    private RelayGreeting.Host host(boolean ends) {
        return new RelayGreeting.Host() {
            @Override
            public RelayGreeting.Admission admit(Wire from, Frame.Hello hello) {
                return RelayGreeting.Admission.welcome(hello.name());
            }

            @Override
            public RelayAssociation association(Frame.Hello hello) {
                return new RelayAssociation(new Id(2, 2), Duration.ofSeconds(1), () -> log.add("idle"));
            }

            @Override
            public RelayGreeting.Newcomer welcome(Wire from, SessionTerms terms, Frame.Hello hello) {
                return new RelayGreeting.Newcomer() {
                    @Override
                    public void opened(TunnelSession session) {
                        log.add("opened");
                        if (ends) {
                            session.close(Code.SUPERSEDED, "not you");
                        }
                    }

                    @Override
                    public void onClosed(Code code, String reason) {
                        log.add("closed " + code);
                    }
                };
            }
        };
    }

    private void relay(boolean ends) {
        wire.events(new RelayGreeting(wire, host(ends), 16, Id.ZERO, "relay/test"));
    }

    private void node() {
        NodeGreeting.greet(
                wire,
                HELLO,
                new NodeGreeting.Accepted() {
                    @Override
                    public SessionEvents events(Frame.HelloOk ok) {
                        return (code, reason) -> log.add("closed " + code);
                    }

                    @Override
                    public NodeAssociation association(Frame.HelloOk ok, long number) {
                        return new NodeAssociation(wire.loop(), Duration.ofSeconds(1));
                    }
                },
                session -> log.add("opened"),
                (code, retry, reason) -> log.add("refused " + code + " " + reason));
    }

    private static ByteBuf json() {
        return Unpooled.directBuffer(16).writeBytes(new byte[] {'{', '}'});
    }

    @Test
    void aRelayGivesBackWhatComesBeforeHello() {
        relay(false);
        ByteBuf early = json();
        ByteBuf late = json();

        wire.receive(new Frame.Models(early));
        wire.receive(new Frame.Load(late));

        assertThat(wire.closed).isEqualTo("PROTOCOL MODELS before HELLO");
        assertThat(early.refCnt()).isZero();
        assertThat(late.refCnt()).isZero();
    }

    @Test
    void aNodeGivesBackWhatComesBeforeHelloOk() {
        node();
        ByteBuf early = json();
        ByteBuf late = json();

        wire.receive(new Frame.Models(early));
        wire.receive(new Frame.Load(late));

        assertThat(log).containsExactly("refused PROTOCOL MODELS before HELLO_OK");
        assertThat(early.refCnt()).isZero();
        assertThat(late.refCnt()).isZero();
    }

    @Test
    void aSessionThatClosesWithItsHelloIsToldToHaveOpenedFirst() {
        relay(false);

        wire.receive(HELLO);
        wire.lose(Code.TIMEOUT);
        wire.loop().execute(() -> log.add("later"));

        assertThat(log).startsWith("opened").contains("closed TIMEOUT");
        assertThat(log.indexOf("opened")).isLessThan(log.indexOf("closed TIMEOUT"));
    }

    @Test
    void aSessionThatItsHostEndsAtOnceIsToldBoth() {
        relay(true);

        wire.receive(HELLO);

        assertThat(wire.closed).isEqualTo("SUPERSEDED not you");
        assertThat(log).containsSubsequence("opened", "closed SUPERSEDED");
    }

    @Test
    void aNodesSessionThatClosesWithHelloOkIsToldBoth() {
        node();

        wire.receive(new Frame.HelloOk(1, 0, 16, 4096, Id.ZERO, new Id(2, 2), "n", "s"));
        wire.lose(Code.SESSION_LOST);

        assertThat(log).containsExactly("opened", "closed SESSION_LOST");
    }
}
