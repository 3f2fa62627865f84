// SPDX-License-Identifier: MIT
package io.goinfer.tunnel.tcp;

import static io.goinfer.tunnel.testing.Eventually.eventually;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.goinfer.tunnel.frame.Code;
import io.goinfer.tunnel.session.ResumeContract;
import io.goinfer.tunnel.session.TunnelSession;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** The contract over TLS and TCP on loopback. */
class TcpTransportTest extends ResumeContract {
    private TcpRig rig;

    @Override
    protected void connect(int maxStreams) throws Exception {
        rig = new TcpRig(TcpRig.epollThere()).listen(relaySide, "TLSv1.3");
        rig.connect(nodeSide, maxStreams);
        eventually("the relay has the session", () -> relaySide.session != null);
    }

    @Override
    protected void connectAgain(int maxStreams) throws Exception {
        TunnelSession before = relaySide.session;
        rig.connect(nodeSide, maxStreams);
        eventually("the relay has the session", () -> relaySide.session != before);
    }

    @Override
    protected void disconnect() {
        rig.close();
    }

    @Test
    void aNodeThatIsNotWantedIsToldWhy() {
        rig.verdict = Code.REVOKED;

        assertThatThrownBy(() -> rig.dial().get(10, TimeUnit.SECONDS)).hasMessageContaining("403 REVOKED");
    }

    @Test
    void aPortThatSpeaksNoTls13IsNoRelay() throws Exception {
        try (TcpRig old = new TcpRig(TcpRig.epollThere()).listen(relaySide, "TLSv1.2")) {
            assertThatThrownBy(() -> old.dial().get(10, TimeUnit.SECONDS)).hasMessageContaining("TLS");
        }
    }

    @Test
    void itWorksWithoutEpoll() throws Exception {
        Recorder relay = new Recorder();
        Recorder node = new Recorder();
        try (TcpRig nio = new TcpRig(false).listen(relay, "TLSv1.3")) {
            nio.connect(node, 8);
            eventually("the relay has the session", () -> relay.session != null);
            node.on(() -> {
                node.session.sendModels(
                        io.netty.buffer.Unpooled.copiedBuffer("[]", java.nio.charset.StandardCharsets.UTF_8));
                return null;
            });
            eventually("frames pass", () -> relay.log.contains("models []"));
        }
    }

    @Test
    void aLostConnectionIsSeenByBothSides() {
        relaySide.on(() -> {
            List<String> seen = new ArrayList<>();
            relaySide.session.wire().stats(stats -> seen.add("rtt " + stats.roundTrip()));
            return seen;
        });
        nodeSide.on(() -> {
            nodeSide.session.wire().close(Code.INTERNAL, "a bug");
            return null;
        });

        eventually("the relay knows why", () -> relaySide.log.contains("closed INTERNAL"));
        assertThat(nodeSide.log).contains("closed INTERNAL");
    }
}
