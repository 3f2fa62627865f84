// SPDX-License-Identifier: MIT
package io.goinfer.proxy.admin;

import io.goinfer.proxy.fleet.Nodes;
import io.goinfer.tunnel.session.TunnelSession;
import io.goinfer.tunnel.wire.WireStats;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;

/** What {@code goinfer nodes list} says of one session; docs/operations.md explains each. */
final class NodeFigures {
    private NodeFigures() {}

    static Map<String, String> of(Nodes.Connected one) {
        TunnelSession session = one.session();
        WireStats stats = session.stats();
        Map<String, String> row = new LinkedHashMap<>();
        row.put("transport", one.transport());
        row.put("address", String.valueOf(one.remote()).replaceFirst("^/", ""));
        if (!stats.roundTrip().isZero()) {
            row.put(
                    "rtt",
                    String.format(Locale.ROOT, "%.1f ms", stats.roundTrip().toNanos() / 1e6));
        }
        row.put(
                "lost",
                stats.sentPackets() == 0
                        ? Long.toString(stats.lostPackets())
                        : String.format(Locale.ROOT, "%.2f%%", 100.0 * stats.lostPackets() / stats.sentPackets()));
        if (stats.congestionWindowBytes() > 0) {
            row.put("cwnd", stats.congestionWindowBytes() / 1024 + " KiB");
        }
        row.put("suspected", Integer.toString(session.suspicions()));
        row.put("exchanges", Integer.toString(session.exchanges()));
        row.put("credit", session.outstandingCredit() / 1024 + " KiB");
        return row;
    }
}
