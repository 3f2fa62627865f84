// SPDX-License-Identifier: MIT
package io.goinfer.proxy.upstream;

import io.goinfer.tunnel.session.TunnelSession;
import io.netty.channel.EventLoop;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** The way to a node: the session that serves it now. */
public final class TunnelUpstream implements Upstream {
    private final String node;
    private final Supplier<@Nullable TunnelSession> session;

    /** @param session the one that serves new exchanges; null while the node is not connected */
    public TunnelUpstream(String node, Supplier<@Nullable TunnelSession> session) {
        this.node = node;
        this.session = session;
    }

    /** Read from other loops: advice. The session decides when it is asked. */
    @Override
    public boolean accepts() {
        TunnelSession now = session.get();
        return now != null && now.accepts();
    }

    @Override
    public boolean full() {
        TunnelSession now = session.get();
        return now != null && now.exchanges() >= now.terms().maxStreams();
    }

    @Override
    public Stream open(RequestHead head, String modelId, EventLoop loop, Response response) {
        TunnelStream stream = new TunnelStream(node, head, modelId, loop, response);
        stream.start(session.get());
        return stream;
    }
}
