// SPDX-License-Identifier: MIT
package io.goinfer.proxy.agent;

import io.goinfer.certs.Identity;
import io.goinfer.certs.RelayTrust;
import io.goinfer.proxy.config.Transport;
import io.goinfer.tunnel.quic.QuicDialer;
import io.goinfer.tunnel.quic.QuicTls;
import io.goinfer.tunnel.tcp.TcpDialer;
import io.goinfer.tunnel.tcp.TcpTls;
import io.goinfer.tunnel.wire.Dial;
import io.netty.channel.EventLoop;
import io.netty.util.concurrent.Future;
import io.netty.util.concurrent.Promise;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Attempts to reach one relay: QUIC first, TCP beside it when QUIC does not come soon (PROTOCOL.md §3.1). Confined to the agent's loop. */
final class Race {
    private static final Logger LOG = LoggerFactory.getLogger(Race.class);
    private static final Duration TIMEOUT = Duration.ofSeconds(5);
    private static final long TCP_AFTER_MILLIS = 300;

    /** At the start of a process its first TLS handshake takes so long. It is made while QUIC is awaited; the upgrade is asked for in time. */
    private static final long FIRST_LEAD_MILLIS = 200;

    private static final long QUIC_PATIENCE_MILLIS = 2_000;

    /** Since the relay's last word. */
    private static final Duration PROMISING = Duration.ofSeconds(2);

    /** What the attempts are for. On the loop. */
    interface Wanted {
        boolean quic();

        boolean tcp();

        void connected(Dial.Connection connection);

        void failed(int httpStatus, String reason);
    }

    private final RelayAddress relay;
    private final Transport allowed;
    private final int maxStreams;
    private final EventLoop loop;
    private final Executor blocking;
    private final LastTransport last;
    private final Wanted wanted;
    private final ShortPath path;
    private final Deque<Attempt> quic = new ArrayDeque<>();
    private boolean first = true;
    private String network = "";
    private @Nullable Attempt tcp;
    private @Nullable Future<?> tcpTimer;
    private @Nullable Future<TcpTls> tls;
    private @Nullable Identity tlsOf;

    Race(RelayAddress relay, NodeAgent.Self self, EventLoop loop, Executor blocking, Wanted wanted, ShortPath path) {
        this.relay = relay;
        this.allowed = self.transport();
        this.maxStreams = self.maxStreams();
        this.last = self.last();
        this.loop = loop;
        this.blocking = blocking;
        this.wanted = wanted;
        this.path = path;
    }

    /**
     * One more round: attempts of the ones before go on. While the relay answers one of them, a second would only be more work for it: of a thousand nodes that
     * come back at once it would never finish with any.
     *
     * @param network the way to {@code address}, for {@link LastTransport}
     */
    void start(InetSocketAddress address, String network, Identity identity) {
        this.network = network;
        boolean byQuic = allowed.quic() && wanted.quic() && !promising();
        if (allowed.tcp() && wanted.tcp() && tcp == null && tcpTimer == null) {
            Future<TcpTls> unused = tls(identity);
            long wait = allowed.quic() && !last.isTcp(network) ? TCP_AFTER_MILLIS : 0;
            tcpAfter(wait, first ? Math.min(wait, FIRST_LEAD_MILLIS) : 0, address, identity);
        }
        first = false;
        if (byQuic) {
            quic(address, identity);
        }
    }

    private boolean promising() {
        long now = System.nanoTime();
        return quic.stream().anyMatch(attempt -> attempt.promising(now));
    }

    /** @param leadMillis how much sooner the connection is made ready for it */
    private void tcpAfter(long millis, long leadMillis, InetSocketAddress address, Identity identity) {
        tcpTimer = loop.schedule(() -> tcp(leadMillis, address, identity), millis - leadMillis, TimeUnit.MILLISECONDS);
    }

    private void quic(InetSocketAddress address, Identity identity) {
        if (quic.size() >= Reconnect.MAX_OVERLAPPING) {
            quic.removeFirst().cancel();
        }
        QuicDialer.Target target = new QuicDialer.Target(
                address,
                relay.host(),
                relay.port(),
                QuicTls.node(identity.key(), identity.chain(), RelayTrust.of(identity.ca())),
                maxStreams,
                path.isShort());
        LOG.debug("dialling {} over quic", address);
        Attempt attempt = new Attempt(one -> answered(one, address, identity), quic::remove);
        attempt.handle = QuicDialer.dial(target, loop, blocking, TIMEOUT, attempt);
        quic.addLast(attempt);
    }

    private void tcp(long leadMillis, InetSocketAddress address, Identity identity) {
        tcpTimer = null;
        if (wanted.tcp() && promising()) {
            tcpAfter(TCP_AFTER_MILLIS, 0, address, identity);
        } else if (wanted.tcp()) {
            LOG.debug("dialling {} over tcp", address);
            Attempt attempt = new Attempt(answered -> {}, ended -> tcp = null);
            tcp = attempt;
            Future<?> upgrade = loop.schedule(() -> {}, leadMillis, TimeUnit.MILLISECONDS);
            tls(identity).addListener((Future<TcpTls> made) -> {
                if (!made.isSuccess()) {
                    attempt.failed(0, "TLS: " + made.cause().getMessage());
                } else if (!attempt.withdrawn) {
                    TcpDialer.Target target = new TcpDialer.Target(address, relay.host(), relay.port(), made.getNow());
                    attempt.handle = TcpDialer.dial(target, loop, TIMEOUT, upgrade, attempt);
                }
            });
        }
    }

    /** Made while QUIC is awaited, if it is not there yet. */
    private Future<TcpTls> tls(Identity identity) {
        Future<TcpTls> made = tls;
        if (made != null && tlsOf == identity && (!made.isDone() || made.isSuccess())) {
            return made;
        }
        Promise<TcpTls> promise = loop.newPromise();
        tls = promise;
        tlsOf = identity;
        try {
            blocking.execute(() -> {
                try {
                    promise.setSuccess(TcpTls.node(identity.key(), identity.chain(), RelayTrust.of(identity.ca())));
                } catch (RuntimeException e) {
                    promise.setFailure(e);
                }
            });
        } catch (RejectedExecutionException e) {
            promise.setFailure(e);
        }
        return promise;
    }

    /**
     * The attempts that began while nobody answered would all be answered now, and each is a whole handshake for the relay: the first one goes on. TCP waits
     * again, unless it was the one that came through the last time.
     */
    private void answered(Attempt one, InetSocketAddress address, Identity identity) {
        long now = System.nanoTime();
        boolean another = quic.stream().anyMatch(attempt -> attempt != one && attempt.promising(now));
        List<Attempt> needless =
                quic.stream().filter(attempt -> another == (attempt == one)).toList();
        quic.removeAll(needless);
        needless.forEach(Attempt::cancel);
        if (tcp != null && !last.isTcp(network)) {
            cancelTcp();
            tcpAfter(TCP_AFTER_MILLIS, 0, address, identity);
        }
    }

    private final class Attempt implements Dial.Outcome {
        private final Consumer<Attempt> first;
        private final Consumer<Attempt> ended;
        private @Nullable Runnable handle;
        private boolean withdrawn;
        private boolean answered;
        private long answeredAt;

        /** @param first told of the relay's first word */
        Attempt(Consumer<Attempt> first, Consumer<Attempt> ended) {
            this.first = first;
            this.ended = ended;
        }

        /** Nobody hears of it any more. */
        void cancel() {
            withdrawn = true;
            if (handle != null) {
                handle.run();
            }
        }

        boolean promising(long nowNanos) {
            return answered && nowNanos - answeredAt < PROMISING.toNanos();
        }

        @Override
        public void answered() {
            boolean before = answered;
            answered = true;
            answeredAt = System.nanoTime();
            if (!before) {
                first.accept(this);
            }
        }

        @Override
        public void connected(Dial.Connection connection) {
            ended.accept(this);
            wanted.connected(connection);
        }

        @Override
        public void failed(int httpStatus, String reason) {
            if (!withdrawn) {
                ended.accept(this);
                wanted.failed(httpStatus, reason);
            }
        }
    }

    /** A session is open. Attempts that could only bring a worse one end. */
    void opened(String transport) {
        cancelTcp();
        if (transport.equals("quic")) {
            last.tcp(network, false);
            cancelQuic();
        } else {
            Future<?> unused = loop.schedule(
                    () -> last.tcp(network, wanted.quic() && !wanted.tcp()),
                    QUIC_PATIENCE_MILLIS,
                    TimeUnit.MILLISECONDS);
        }
    }

    void cancel() {
        cancelTcp();
        cancelQuic();
    }

    private void cancelQuic() {
        List<Attempt> all = List.copyOf(quic);
        quic.clear();
        all.forEach(Attempt::cancel);
    }

    private void cancelTcp() {
        if (tcpTimer != null) {
            tcpTimer.cancel(false);
            tcpTimer = null;
        }
        Attempt running = tcp;
        tcp = null;
        if (running != null) {
            running.cancel();
        }
    }
}
