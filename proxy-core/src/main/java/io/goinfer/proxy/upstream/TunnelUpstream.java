// SPDX-License-Identifier: MIT
package io.goinfer.proxy.upstream;

import io.goinfer.tunnel.frame.Id;
import io.goinfer.tunnel.session.TunnelSession;
import io.netty.channel.EventLoop;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** The way to a node: the session that serves it now. */
public final class TunnelUpstream implements Upstream {
    /** @param process the node's instance (PROTOCOL.md §5.1): the same in all sessions of one process */
    public record Serving(TunnelSession session, Id process) {}

    private final String node;
    private final Supplier<@Nullable Serving> session;
    private final BooleanSupplier full;
    private final boolean control;

    /**
     * @param session the one that serves new exchanges; null while there is none
     * @param full there is a session, but it has all the exchanges that it takes
     */
    public TunnelUpstream(String node, Supplier<@Nullable Serving> session, BooleanSupplier full) {
        this(node, session, full, false);
    }

    private TunnelUpstream(String node, Supplier<@Nullable Serving> session, BooleanSupplier full, boolean control) {
        this.node = node;
        this.session = session;
        this.full = full;
        this.control = control;
    }

    @Override
    public Upstream control() {
        return new TunnelUpstream(node, session, full, true);
    }

    /** Read from other loops: advice. The session decides when it is asked. */
    @Override
    public boolean accepts() {
        return session.get() != null;
    }

    @Override
    public boolean full() {
        return full.getAsBoolean();
    }

    @Override
    public @Nullable Object process() {
        Serving now = session.get();
        return now == null ? null : now.process();
    }

    @Override
    public Stream open(RequestHead head, String modelId, EventLoop loop, Response response) {
        Serving now = session.get();
        TunnelStream stream = new TunnelStream(
                node, now == null ? null : now.process(), head, control ? null : modelId, loop, response);
        stream.start(now == null ? null : now.session());
        return stream;
    }
}
