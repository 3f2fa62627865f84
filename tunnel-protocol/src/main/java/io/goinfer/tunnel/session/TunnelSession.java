// SPDX-License-Identifier: MIT
package io.goinfer.tunnel.session;

import io.goinfer.tunnel.flow.CreditPool;
import io.goinfer.tunnel.flow.SendWindow;
import io.goinfer.tunnel.frame.Code;
import io.goinfer.tunnel.frame.Frame;
import io.goinfer.tunnel.frame.FrameException;
import io.goinfer.tunnel.frame.Id;
import io.goinfer.tunnel.wire.Wire;
import io.goinfer.tunnel.wire.WireStats;
import io.goinfer.tunnel.wire.WireStream;
import io.netty.buffer.ByteBuf;
import io.netty.util.concurrent.Future;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One open session: exchanges, liveness, drain. Made by {@link RelayGreeting} or {@link NodeGreeting} when HELLO_OK has passed. Confined to the wire's
 * event loop; {@link #wire()}{@code .loop()} is where to call it.
 *
 * <pre>
 * open ── drain() or GOAWAY ──► draining ── last exchange or deadline ──► closed
 *   └────────────── close(), DEAD, protocol error, wire lost ─────────────►
 * </pre>
 */
public final class TunnelSession implements Wire.Events, TunnelExchange.Holder {
    private static final Logger LOG = LoggerFactory.getLogger(TunnelSession.class);
    private static final int STATS_TICKS = 4;

    /** Ends of a session that its exchanges may outlive: PROTOCOL.md §6.10. */
    private static final Set<Code> DETACHING =
            EnumSet.of(Code.NO_ERROR, Code.SESSION_LOST, Code.SUSPECT_TIMEOUT, Code.MOVED, Code.TIMEOUT);

    /** Until the node has another connection, with room for a slow line. */
    private static final Duration PATH_CHANGED = Duration.ofSeconds(2);

    private final Wire wire;
    private final boolean relay;
    private final SessionTerms terms;
    private final Association association;
    private final long number;
    private final SessionEvents events;
    private final Liveness liveness;
    private final Future<?> ticker;
    private final CreditPool pool;
    private final SendWindow.Implicit implicit;
    private final Map<Id, TunnelExchange> exchanges = new HashMap<>();
    private final Arrived.Budget copies = new Arrived.Budget();
    private final Resuming resuming = new Resuming(this);
    private final Drain drain = new Drain(this);

    private volatile WireStats stats = WireStats.NONE;
    private int ticks;
    private int suspicions;

    /** Relay: what was opened here up to this order was taken elsewhere. */
    private long givenUp;

    private boolean suspect;
    private boolean peerSuspects;
    private boolean peerSays;
    private long peerChanged;
    private boolean closed;
    private final PeerErrors errors;
    private final Accepting accepting;

    /** @param number of the node's connection, from HELLO */
    TunnelSession(
            Wire wire, boolean relay, SessionTerms terms, Association association, long number, SessionEvents events) {
        this.wire = wire;
        this.relay = relay;
        this.terms = terms;
        this.association = association;
        this.number = number;
        this.events = events;
        this.accepting = new Accepting(this, exchanges, events);
        this.pool = new CreditPool(terms.floor());
        this.implicit = new SendWindow.Implicit(terms.floor());
        long now = wire.nanoTime();
        this.peerChanged = now - Liveness.TICK.toNanos();
        this.liveness = new Liveness(now);
        this.errors = new PeerErrors(now);
        long tick = Liveness.TICK.toMillis();
        this.ticker = wire.loop().scheduleWithFixedDelay(this::tick, tick, tick, TimeUnit.MILLISECONDS);
    }

    /** It gets events now. */
    void begin() {
        if (!closed) {
            association.opened(this);
        }
    }

    public Wire wire() {
        return wire;
    }

    public SessionTerms terms() {
        return terms;
    }

    public int exchanges() {
        return exchanges.size();
    }

    /** Bytes granted or held above the floors in the receiving direction. */
    public long outstandingCredit() {
        return pool.taken();
    }

    /** True while new exchanges may be opened here. */
    public boolean accepts() {
        return !closed && !drain.isUnderWay() && !suspect && !peerSuspects && exchanges.size() < terms.maxStreams();
    }

    public boolean suspect() {
        return suspect || peerSuspects;
    }

    /**
     * Relay: opens an exchange. {@code request.responseCredit()} is replaced by what the pool allows.
     *
     * @throws IllegalStateException unless {@link #accepts()}
     * @throws io.goinfer.tunnel.frame.FrameException HEAD_TOO_LARGE if the head does not fit a frame
     */
    public TunnelExchange open(Frame.Request request, ExchangeEvents exchangeEvents) {
        if (!relay || !accepts()) {
            throw new IllegalStateException("session does not accept exchanges");
        }
        TunnelExchange exchange =
                TunnelExchange.outgoing(this, request, relayAssociation().nextOrder(), exchangeEvents);
        exchanges.put(request.exchange(), exchange);
        boolean started = false;
        try {
            exchange.start(this);
            started = true;
        } finally {
            if (!started) {
                exchange.reset(Code.HEAD_TOO_LARGE, "the request's head does not fit a frame");
            }
        }
        return exchange;
    }

    /** Relay: it comes from another session. */
    void adopt(TunnelExchange exchange) {
        exchanges.put(exchange.id(), exchange);
    }

    /** Its exchanges, for another session. */
    List<TunnelExchange> detachAll(TunnelExchange.Holder next) {
        List<TunnelExchange> all = new ArrayList<>(exchanges.values());
        exchanges.clear();
        long now = wire.nanoTime();
        all.forEach(exchange -> exchange.detach(next, now, !closed));
        return all;
    }

    /** Relay: exchanges of other sessions on their way into this one. */
    Resuming resuming() {
        return resuming;
    }

    /** Node: sends the catalog. Takes ownership. */
    public void sendModels(ByteBuf json) {
        wire.sendControl(new Frame.Models(json));
    }

    /** Node: sends the load. Takes ownership. */
    public void sendLoad(ByteBuf json) {
        wire.sendControl(new Frame.Load(json));
    }

    /** Opens nothing more, waits for what runs, closes at the deadline. A shorter deadline replaces a longer one. */
    public void drain(Code code, Duration deadline, String reason) {
        if (closed) {
            return;
        }
        drain.begin(code, deadline, reason);
    }

    /** Relay: a newer process of the node took over. Drains; ends sooner if the older process does not prove that it lives (PROTOCOL.md §8). */
    public void supersede(Duration deadline, String reason) {
        drain(Code.SUPERSEDED, deadline, reason);
        if (!closed) {
            liveness.supersede();
            tick();
        }
    }

    /** Ends the session and all its exchanges now. */
    public void close(Code code, String reason) {
        if (closed) {
            return;
        }
        closed = true;
        ticker.cancel(false);
        drain.stop();
        if (!DETACHING.contains(code)) {
            List<TunnelExchange> all = new ArrayList<>(exchanges.values());
            exchanges.clear();
            all.forEach(exchange -> exchange.lost(code, reason));
        }
        association.closed(this);
        wire.close(code, reason);
        events.onClosed(code, reason);
    }

    // ---- events of the wire

    @Override
    public void onControl(Frame.Control frame) {
        if (closed) {
            Frame.release(frame);
            return;
        }
        if (frame instanceof Frame.Ping ping) {
            wire.sendControl(new Frame.Pong(ping.sequence(), suspect));
            verdict(suspect, ping.suspect());
        } else if (frame instanceof Frame.Pong pong) {
            onPong(pong);
        } else if (frame instanceof Frame.ResetExchange reset) {
            TunnelExchange exchange = find(reset.exchange());
            if (exchange != null) {
                exchange.peerReset(reset.code(), reset.reason());
            } else if (association instanceof NodeAssociation node) {
                // Its REQUEST may be on its way still.
                node.remember(reset.exchange(), reset.code());
            }
        } else if (frame instanceof Frame.CreditExchange credit && association instanceof NodeAssociation node) {
            TunnelExchange here = exchanges.get(credit.exchange());
            TunnelExchange exchange = here != null ? here : node.answeredIn(credit.exchange(), this);
            if (exchange != null) {
                exchange.peerCredit(credit.credit());
            }
        } else if (frame instanceof Frame.GoAway away) {
            onGoAway(away);
        } else if (frame instanceof Frame.Resume resume && association instanceof NodeAssociation node) {
            wire.sendControl(new Frame.ResumeOk(resume.order(), node.resume(this, resume), resume.more()));
        } else if (frame instanceof Frame.ResumeOk ok && relay) {
            resuming.answered(ok);
        } else if (frame instanceof Frame.Models models && relay) {
            Frame.borrow(models.payload(), events::onModels);
        } else if (frame instanceof Frame.Load load && relay) {
            Frame.borrow(load.payload(), events::onLoad);
        } else {
            Frame.release(frame);
            close(Code.PROTOCOL, frame.type() + " out of place");
        }
    }

    @Override
    public WireStream.Events onStream(WireStream stream) {
        if (relay || closed) {
            stream.cancel(Code.REFUSED);
        }
        return new Leg(this, stream);
    }

    /** Relay: what QUIC had under way to the address before may never be sent again (docs/decisions/018). Another connection takes over. */
    @Override
    public void onPathChanged() {
        if (relay && !closed) {
            wire.sendControl(new Frame.GoAway(Code.MOVED, PATH_CHANGED.toMillis(), "the path changed"));
            drain.closeWithin(Code.MOVED, PATH_CHANGED, "the path changed");
        }
    }

    @Override
    public void onClosed(Code code, String reason) {
        close(code, reason);
    }

    private @Nullable TunnelExchange find(Id id) {
        TunnelExchange here = exchanges.get(id);
        return here == null && association instanceof NodeAssociation node ? node.find(id) : here;
    }

    private void onPong(Frame.Pong pong) {
        long now = wire.nanoTime();
        if (!liveness.ponged(pong.sequence(), now)) {
            close(Code.PROTOCOL, "PONG " + pong.sequence() + " was never asked for");
            return;
        }
        verdict(liveness.suspect(now), pong.suspect());
    }

    private void onGoAway(Frame.GoAway away) {
        drain.asked(away);
        events.onGoAway(away);
    }

    /** What the transport measured within the last second. Any thread. */
    public WireStats stats() {
        return stats;
    }

    /** How often the other side broke the protocol on an exchange within the last minute. */
    public int peerErrors() {
        return errors.count();
    }

    /** Of the last PING that was answered; zero: none was yet. */
    public Duration roundTrip() {
        return liveness.roundTrip();
    }

    /** How often it was suspect. */
    public int suspicions() {
        return suspicions;
    }

    private void tick() {
        if (ticks++ % STATS_TICKS == 0) {
            wire.stats(measured -> stats = measured.orShorter(liveness.roundTrip()));
        }
        long now = wire.nanoTime();
        if (relay) {
            resuming.tick(now, relayAssociation().window().toNanos());
        }
        switch (liveness.tick(now)) {
            case DEAD -> close(Code.SUSPECT_TIMEOUT, "no proof of life");
            case PING -> {
                verdict(liveness.suspect(now), peerSays);
                wire.sendControl(new Frame.Ping(liveness.pinged(now), suspect));
            }
            case NOTHING -> verdict(liveness.suspect(now), peerSays);
        }
    }

    private void verdict(boolean mine, boolean theirs) {
        boolean before = suspect();
        suspect = mine;
        peerSays = theirs;
        // No clock changes its mind more often; each change may move all exchanges.
        long now = wire.nanoTime();
        if (peerSays != peerSuspects && now - peerChanged >= Liveness.TICK.toNanos()) {
            peerSuspects = peerSays;
            peerChanged = now;
        }
        if (before != suspect()) {
            if (!before) {
                suspicions++;
            }
            association.judged(this);
            events.onVerdict(suspect());
        }
    }

    // ---- called by exchanges

    boolean relay() {
        return relay;
    }

    Arrived.Budget copies() {
        return copies;
    }

    CreditPool pool() {
        return pool;
    }

    SendWindow.Implicit implicit() {
        return implicit;
    }

    Association association() {
        return association;
    }

    private RelayAssociation relayAssociation() {
        return (RelayAssociation) association;
    }

    /** Relay: what was opened or resumed here up to this order goes on elsewhere. Returns the range that was not given up before. */
    Frame.Range takeRange(long upTo) {
        Frame.Range range = new Frame.Range(number, givenUp, upTo);
        givenUp = upTo;
        return range;
    }

    /** Of the node's connection, counted by the node. */
    public long number() {
        return number;
    }

    boolean isClosed() {
        return closed;
    }

    /** Node: a stream began. Null if it was refused. */
    @Nullable
    TunnelExchange onRequest(Leg leg, Frame.Request request) {
        return accepting.onRequest(leg, request);
    }

    boolean isDraining() {
        return drain.isOurs();
    }

    /** Node: the relay goes on with it in another session. */
    void moved(TunnelExchange exchange) {
        if (association instanceof NodeAssociation node) {
            exchanges.remove(exchange.id());
            node.keep(exchange);
        }
    }

    @Override
    public void ended(TunnelExchange exchange) {
        boolean here = exchanges.remove(exchange.id(), exchange);
        resuming.ended(exchange);
        if (here) {
            drain.exchangeEnded();
        }
    }

    /** Counts what the peer did wrong on exchange streams: PROTOCOL.md §4, scope of errors. */
    void peerError(FrameException cause) {
        LOG.warn("{}: the peer broke the protocol on an exchange: {}", wire.remoteAddress(), cause.getMessage());
        if (errors.tooMany(wire.nanoTime())) {
            close(Code.PROTOCOL, PeerErrors.MAX + " protocol errors in a minute");
        }
    }
}
