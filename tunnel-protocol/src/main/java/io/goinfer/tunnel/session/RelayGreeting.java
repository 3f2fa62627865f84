// SPDX-License-Identifier: MIT
package io.goinfer.tunnel.session;

import io.goinfer.tunnel.frame.Code;
import io.goinfer.tunnel.frame.Frame;
import io.goinfer.tunnel.frame.Id;
import io.goinfer.tunnel.wire.Wire;
import io.goinfer.tunnel.wire.WireStream;
import io.netty.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The relay's side until HELLO_OK: waits for HELLO, lets the {@link Host} decide, then hands the wire to a {@link TunnelSession}. On the wire's loop. */
public final class RelayGreeting implements Wire.Events {
    private static final Logger LOG = LoggerFactory.getLogger(RelayGreeting.class);
    private static final long PATIENCE_SECONDS = 5;

    /** Decides about a newcomer and gets its session. */
    public interface Host {
        /** The node's name for HELLO_OK, or why it is refused. Called on the wire's loop; must not block. */
        Admission admit(Wire wire, Frame.Hello hello);

        /** What this session shares with the others of the same two processes; asked for once, after {@link #admit}. */
        RelayAssociation association(Frame.Hello hello);

        /** HELLO_OK was sent: who gets the session. */
        Newcomer welcome(Wire wire, SessionTerms terms, Frame.Hello hello);
    }

    /** Gets a session, then its events: {@link #opened} is the first of them, {@link #onClosed} the last. On the wire's loop. */
    public interface Newcomer extends SessionEvents {
        /** It may end the session at once. */
        void opened(TunnelSession session);
    }

    /** {@code code} NO_ERROR admits. */
    public record Admission(Code code, long retryAfterMillis, String nameOrReason) {
        public static Admission welcome(String name) {
            return new Admission(Code.NO_ERROR, 0, name);
        }
    }

    private final Wire wire;
    private final Host host;
    private final int maxStreams;
    private final Id bootToken;
    private final String software;
    private final Future<?> timer;
    private boolean done;

    public RelayGreeting(Wire wire, Host host, int maxStreams, Id bootToken, String software) {
        this.wire = wire;
        this.host = host;
        this.maxStreams = maxStreams;
        this.bootToken = bootToken;
        this.software = software;
        this.timer = wire.loop()
                .schedule(
                        () -> reject(Code.TIMEOUT, 0, "no HELLO within " + PATIENCE_SECONDS + " s"),
                        PATIENCE_SECONDS,
                        TimeUnit.SECONDS);
    }

    @Override
    public void onControl(Frame.Control frame) {
        if (done || !(frame instanceof Frame.Hello hello)) {
            Frame.release(frame);
            reject(Code.PROTOCOL, 0, frame.type() + " before HELLO");
            return;
        }
        if (hello.minVersion() > SessionTerms.VERSION || hello.maxVersion() < SessionTerms.VERSION) {
            reject(Code.VERSION, 0, "this relay speaks version " + SessionTerms.VERSION);
            return;
        }
        if (!SessionTerms.valid(hello.maxStreams(), hello.floor())) {
            reject(Code.PROTOCOL, 0, "HELLO: max streams " + hello.maxStreams() + ", floor " + hello.floor());
            return;
        }
        Admission admission = host.admit(wire, hello);
        if (admission.code() != Code.NO_ERROR) {
            reject(admission.code(), admission.retryAfterMillis(), admission.nameOrReason());
            return;
        }
        open(hello, admission.nameOrReason());
    }

    private void open(Frame.Hello hello, String name) {
        done = true;
        timer.cancel(false);
        RelayAssociation association = host.association(hello);
        Frame.HelloOk ok = new Frame.HelloOk(
                SessionTerms.VERSION,
                hello.features() & wire.features(),
                Math.min(hello.maxStreams(), maxStreams),
                Math.min(hello.floor(), SessionTerms.DEFAULT_FLOOR),
                bootToken,
                association.relay(),
                name,
                software);
        wire.sendControl(ok);
        wire.agreed(ok.features());
        SessionTerms terms = SessionTerms.of(ok);
        Newcomer events = host.welcome(wire, terms, hello);
        TunnelSession session = new TunnelSession(wire, true, terms, association, hello.number(), events);
        // Before its events: whoever is told that it closed knows it.
        events.opened(session);
        wire.events(session);
        session.begin();
    }

    @Override
    public WireStream.@Nullable Events onStream(WireStream stream) {
        return null;
    }

    @Override
    public void onClosed(Code code, String reason) {
        done = true;
        timer.cancel(false);
    }

    private void reject(Code code, long retryAfterMillis, String reason) {
        if (!done) {
            done = true;
            timer.cancel(false);
            LOG.warn("{}: session refused, {}: {}", wire.remoteAddress(), code, reason);
            wire.sendControl(new Frame.HelloReject(code, retryAfterMillis, reason));
            wire.close(code, reason);
        }
    }
}
