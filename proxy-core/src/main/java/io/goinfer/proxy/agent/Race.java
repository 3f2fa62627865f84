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
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** Attempts to reach one relay: QUIC first, TCP beside it when QUIC does not come soon (PROTOCOL.md §3.1). Confined to the agent's loop. */
final class Race {
    private static final Duration TIMEOUT = Duration.ofSeconds(5);
    private static final long TCP_AFTER_MILLIS = 300;
    private static final long QUIC_PATIENCE_MILLIS = 2_000;

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
    private final Wanted wanted;
    private final Deque<Runnable> quic = new ArrayDeque<>();
    private @Nullable Runnable tcp;
    private @Nullable Future<?> tcpTimer;
    private boolean tcpWonLast;

    Race(RelayAddress relay, Transport allowed, int maxStreams, EventLoop loop, Wanted wanted) {
        this.relay = relay;
        this.allowed = allowed;
        this.maxStreams = maxStreams;
        this.loop = loop;
        this.wanted = wanted;
    }

    /** One more round: attempts of the ones before go on. */
    void start(InetSocketAddress address, Identity identity) {
        if (allowed.quic() && wanted.quic()) {
            quic(address, identity);
        }
        if (allowed.tcp() && wanted.tcp() && tcp == null && tcpTimer == null) {
            long wait = allowed.quic() && !tcpWonLast ? TCP_AFTER_MILLIS : 0;
            tcpTimer = loop.schedule(() -> tcp(address, identity), wait, TimeUnit.MILLISECONDS);
        }
    }

    private void quic(InetSocketAddress address, Identity identity) {
        if (quic.size() >= Reconnect.MAX_OVERLAPPING) {
            quic.removeFirst().run();
        }
        QuicDialer.Target target = new QuicDialer.Target(
                address,
                relay.host(),
                relay.port(),
                QuicTls.node(identity.key(), identity.chain(), RelayTrust.of(identity.ca())),
                maxStreams);
        Runnable[] handle = new Runnable[1];
        handle[0] = QuicDialer.dial(target, loop, TIMEOUT, new Outcome(() -> quic.remove(handle[0])));
        quic.addLast(handle[0]);
    }

    private void tcp(InetSocketAddress address, Identity identity) {
        tcpTimer = null;
        if (wanted.tcp()) {
            TcpDialer.Target target = new TcpDialer.Target(
                    address,
                    relay.host(),
                    relay.port(),
                    TcpTls.node(identity.key(), identity.chain(), RelayTrust.of(identity.ca())));
            tcp = TcpDialer.dial(target, loop, TIMEOUT, new Outcome(() -> tcp = null));
        }
    }

    private final class Outcome implements Dial.Outcome {
        private final Runnable ended;

        Outcome(Runnable ended) {
            this.ended = ended;
        }

        @Override
        public void connected(Dial.Connection connection) {
            ended.run();
            wanted.connected(connection);
        }

        @Override
        public void failed(int httpStatus, String reason) {
            ended.run();
            wanted.failed(httpStatus, reason);
        }
    }

    /** A session is open. Attempts that could only bring a worse one end. */
    void opened(String transport) {
        cancelTcp();
        if (transport.equals("quic")) {
            tcpWonLast = false;
            cancelQuic();
        } else {
            Future<?> unused = loop.schedule(
                    () -> tcpWonLast = wanted.quic() && !wanted.tcp(), QUIC_PATIENCE_MILLIS, TimeUnit.MILLISECONDS);
        }
    }

    void cancel() {
        cancelTcp();
        cancelQuic();
    }

    private void cancelQuic() {
        List<Runnable> all = List.copyOf(quic);
        quic.clear();
        all.forEach(Runnable::run);
    }

    private void cancelTcp() {
        if (tcpTimer != null) {
            tcpTimer.cancel(false);
            tcpTimer = null;
        }
        Runnable running = tcp;
        tcp = null;
        if (running != null) {
            running.run();
        }
    }
}
