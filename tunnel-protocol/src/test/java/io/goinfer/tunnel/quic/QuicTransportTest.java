// SPDX-License-Identifier: MIT
package io.goinfer.tunnel.quic;

import static io.goinfer.tunnel.testing.Eventually.eventually;

import io.goinfer.tunnel.session.ResumeContract;
import io.goinfer.tunnel.session.TunnelSession;

/** The contract over real QUIC on loopback. */
class QuicTransportTest extends ResumeContract {
    private QuicRig rig;

    @Override
    protected void connect(int maxStreams) throws Exception {
        rig = new QuicRig().listen(0, relaySide);
        rig.connect(nodeSide, maxStreams, () -> {});
        eventually("the relay has the session", () -> relaySide.session != null);
    }

    @Override
    protected void connectAgain(int maxStreams) throws Exception {
        TunnelSession before = relaySide.session;
        rig.connect(nodeSide, maxStreams, () -> {});
        eventually("the relay has the session", () -> relaySide.session != before);
    }

    @Override
    protected void disconnect() {
        rig.close();
    }
}
