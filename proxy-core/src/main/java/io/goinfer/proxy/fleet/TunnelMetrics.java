// SPDX-License-Identifier: MIT
package io.goinfer.proxy.fleet;

import io.goinfer.proxy.metrics.Metrics;
import io.goinfer.tunnel.wire.WireStats;
import java.util.List;
import java.util.function.ToDoubleFunction;

/** What /metrics shows of the tunnels; docs/operations.md says what to do about each. */
public final class TunnelMetrics {
    private static final List<String> LABELS = List.of("node", "transport", "number");

    private final Metrics metrics;
    private final Nodes nodes;

    private TunnelMetrics(Metrics metrics, Nodes nodes) {
        this.metrics = metrics;
        this.nodes = nodes;
    }

    public static void register(Metrics metrics, Nodes nodes) {
        new TunnelMetrics(metrics, nodes).register();
    }

    private void register() {
        metrics.gauge(
                "goinfer_tunnel_sessions",
                "Sessions of nodes.",
                () -> nodes.connected().size());
        metrics.gauge("goinfer_tunnel_exchanges_waiting", "Exchanges whose node is away for now.", nodes::waiting);
        metrics.counter(
                "goinfer_tunnel_resumes_total", "How often an exchange went on in another session.", nodes::resumed);
        each(
                "goinfer_tunnel_exchanges",
                "Exchanges that run.",
                one -> one.session().exchanges());
        each(
                "goinfer_tunnel_credit_bytes",
                "Credit granted above the floors.",
                one -> one.session().outstandingCredit());
        each(
                "goinfer_tunnel_suspect",
                "1 while proof of life is missing.",
                one -> one.session().suspect() ? 1 : 0);
        each(
                "goinfer_tunnel_suspicions",
                "How often it was suspect.",
                one -> one.session().suspicions());
        wire(
                "goinfer_tunnel_round_trip_seconds",
                "Round trip: the smoothed one, or the last PING's if that is shorter.",
                stats -> stats.roundTrip().toNanos() / 1e9);
        wire(
                "goinfer_tunnel_congestion_window_bytes",
                "Bytes that may be under way from here.",
                WireStats::congestionWindowBytes);
        wire("goinfer_tunnel_packets_sent", "Packets sent from here, 0 over TCP.", WireStats::sentPackets);
        wire("goinfer_tunnel_copies_sent", "Small pieces of bodies that were sent twice.", WireStats::sentCopies);
        wire("goinfer_tunnel_packets_lost", "Of those lost; over TCP segments sent again.", WireStats::lostPackets);
    }

    private void each(String name, String help, ToDoubleFunction<Nodes.Connected> value) {
        metrics.gauges(
                name,
                help,
                LABELS,
                sink -> nodes.connected()
                        .forEach(one -> sink.value(
                                value.applyAsDouble(one),
                                one.name(),
                                one.transport(),
                                Long.toString(one.session().number()))));
    }

    private void wire(String name, String help, ToDoubleFunction<WireStats> value) {
        each(name, help, one -> value.applyAsDouble(one.session().stats()));
    }
}
