// SPDX-License-Identifier: MIT
package io.goinfer.tunnel.session;

import io.goinfer.tunnel.frame.Code;
import io.goinfer.tunnel.frame.Frame;
import io.goinfer.tunnel.wire.Wire;
import io.goinfer.tunnel.wire.WireStats;
import io.goinfer.tunnel.wire.WireStream;
import io.netty.channel.EventLoop;
import io.netty.channel.embedded.EmbeddedChannel;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** A wire without a network: the test is the other side. Everything happens on the test's thread. */
class ScriptedWire implements Wire {
    private final EmbeddedChannel channel = new EmbeddedChannel();
    final List<Frame.Control> sent = new ArrayList<>();
    private @Nullable Events events;

    @Nullable
    String closed;

    /** Runs what waits on the loop. */
    void turn() {
        channel.runPendingTasks();
    }

    /** The other side sends this. */
    void receive(Frame.Control frame) {
        events().onControl(frame);
    }

    /** The other side closes. */
    void lose(Code code) {
        if (closed == null) {
            closed = code + " lost";
            events().onClosed(code, "lost");
        }
    }

    private Events events() {
        if (events == null) {
            throw new IllegalStateException("nobody listens");
        }
        return events;
    }

    @Override
    public EventLoop loop() {
        return channel.eventLoop();
    }

    @Override
    public String transport() {
        return "scripted";
    }

    @Override
    public SocketAddress remoteAddress() {
        return new InetSocketAddress("127.0.0.1", 1);
    }

    @Override
    public void events(Events receiver) {
        events = receiver;
    }

    @Override
    public void sendControl(Frame.Control frame) {
        Frame.release(frame);
        sent.add(frame);
    }

    @Override
    public WireStream open(WireStream.Events receiver) {
        throw new IllegalStateException("no streams in this test");
    }

    @Override
    public void close(Code code, String reason) {
        if (closed == null) {
            closed = code + " " + reason;
            if (events != null) {
                events.onClosed(code, reason);
            }
        }
    }

    @Override
    public void stats(Consumer<WireStats> sink) {
        sink.accept(WireStats.NONE);
    }
}
