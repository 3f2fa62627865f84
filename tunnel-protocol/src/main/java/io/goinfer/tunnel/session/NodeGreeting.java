// SPDX-License-Identifier: MIT
package io.goinfer.tunnel.session;

import io.goinfer.tunnel.frame.Code;
import io.goinfer.tunnel.frame.Frame;
import io.goinfer.tunnel.wire.Wire;
import io.goinfer.tunnel.wire.WireStream;
import io.netty.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** The node's side until HELLO_OK: sends HELLO, then hands the wire to a {@link TunnelSession}. On the wire's loop. */
public final class NodeGreeting implements Wire.Events {
    private static final long PATIENCE_SECONDS = 10;

    /** What the session is made of. */
    public interface Accepted {
        SessionEvents events(Frame.HelloOk ok);

        /** The one with the relay process that {@code ok} names; {@code number} is that of HELLO. */
        NodeAssociation association(Frame.HelloOk ok, long number);
    }

    /** Why no session came of it. */
    public interface Refused {
        void refused(Code code, long retryAfterMillis, String reason);
    }

    private final Wire wire;
    private final Frame.Hello hello;
    private final Accepted accepted;
    private final Started started;
    private final Refused refused;
    private final Future<?> timer;
    private boolean done;

    /** Gets the session before any of its events. */
    public interface Started {
        void started(TunnelSession session);
    }

    private NodeGreeting(Wire wire, Frame.Hello hello, Accepted accepted, Started started, Refused refused) {
        this.wire = wire;
        this.hello = hello;
        this.accepted = accepted;
        this.started = started;
        this.refused = refused;
        this.timer = wire.loop()
                .schedule(() -> end(Code.TIMEOUT, 0, "no HELLO_OK within 10 s"), PATIENCE_SECONDS, TimeUnit.SECONDS);
    }

    /** {@code hello} without features: the wire's are offered. {@code accepted} says what the session is made of; then {@code started}, or {@code refused} once. */
    public static void greet(Wire wire, Frame.Hello hello, Accepted accepted, Started started, Refused refused) {
        Frame.Hello offer = hello.withFeatures(wire.features());
        NodeGreeting greeting = new NodeGreeting(wire, offer, accepted, started, refused);
        wire.events(greeting);
        wire.sendControl(offer);
    }

    @Override
    public void onControl(Frame.Control frame) {
        if (done) {
            Frame.release(frame);
            return;
        }
        if (frame instanceof Frame.HelloOk ok) {
            if (ok.version() < hello.minVersion()
                    || ok.version() > hello.maxVersion()
                    || (ok.features() & ~hello.features()) != 0
                    || !SessionTerms.valid(ok.maxStreams(), ok.floor())) {
                end(Code.PROTOCOL, 0, "HELLO_OK outside of what was offered");
                return;
            }
            done = true;
            timer.cancel(false);
            wire.agreed(ok.features());
            TunnelSession session = new TunnelSession(
                    wire,
                    false,
                    SessionTerms.of(ok),
                    accepted.association(ok, hello.number()),
                    hello.number(),
                    accepted.events(ok));
            started.started(session);
            wire.events(session);
            session.begin();
        } else if (frame instanceof Frame.HelloReject reject) {
            end(reject.code(), reject.retryAfterMillis(), reject.reason());
        } else {
            Frame.release(frame);
            end(Code.PROTOCOL, 0, frame.type() + " before HELLO_OK");
        }
    }

    @Override
    public WireStream.@Nullable Events onStream(WireStream stream) {
        return null;
    }

    @Override
    public void onClosed(Code code, String reason) {
        end(code, 0, reason);
    }

    private void end(Code code, long retryAfterMillis, String reason) {
        if (!done) {
            done = true;
            timer.cancel(false);
            wire.close(code, reason);
            refused.refused(code, retryAfterMillis, reason);
        }
    }
}
