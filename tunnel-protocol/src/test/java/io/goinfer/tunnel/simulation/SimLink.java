// SPDX-License-Identifier: MIT
package io.goinfer.tunnel.simulation;

import io.goinfer.tunnel.frame.Code;
import io.goinfer.tunnel.frame.Frame;
import io.goinfer.tunnel.wire.Wire;
import io.goinfer.tunnel.wire.WireStats;
import io.goinfer.tunnel.wire.WireStream;
import io.netty.channel.EventLoop;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * One connection in memory: what one end sends waits until it is delivered. Over TCP everything of a direction keeps its order; over QUIC only what one
 * stream carries does, and streams, resets and the close overtake each other.
 */
final class SimLink {
    static final int TO_NODE = 0;
    static final int TO_RELAY = 1;
    private static final SocketAddress ADDRESS = new InetSocketAddress(9);

    /** Something under way. */
    interface Item {
        void deliver();

        default void drop() {}
    }

    /** What keeps its order. */
    static final class Lane {
        private final Deque<Item> items = new ArrayDeque<>();
        private final List<Lane> busy;

        Lane(List<Lane> busy) {
            this.busy = busy;
        }

        void add(Item item) {
            if (items.isEmpty()) {
                busy.add(this);
            }
            items.add(item);
        }

        Item take() {
            Item first = items.remove();
            if (items.isEmpty()) {
                busy.remove(this);
            }
            return first;
        }

        void clear() {
            if (!items.isEmpty()) {
                busy.remove(this);
                items.forEach(Item::drop);
                items.clear();
            }
        }
    }

    final int number;
    final boolean tcp;
    final End relay;
    final End node;
    final List<SimStream> streams = new ArrayList<>();
    private final SimLoop.Clock clock;
    private final int maxStreams;
    private final List<List<Lane>> busy = List.of(new ArrayList<>(), new ArrayList<>());
    private final boolean[] stalled = new boolean[2];

    /** The node has its session: streams that come are no longer held. */
    private boolean greeted;

    private boolean broken;

    /** @param maxStreams what the transport lets the relay have open at once */
    SimLink(int number, boolean tcp, int maxStreams, SimLoop relayLoop, SimLoop nodeLoop, SimLoop.Clock clock) {
        this.number = number;
        this.tcp = tcp;
        this.maxStreams = maxStreams;
        this.clock = clock;
        this.relay = new End(relayLoop, TO_NODE);
        this.node = new End(nodeLoop, TO_RELAY);
    }

    void greeted() {
        greeted = true;
    }

    void stall(int direction, boolean now) {
        stalled[direction] = now;
    }

    boolean isStalled() {
        return stalled[TO_NODE] || stalled[TO_RELAY];
    }

    boolean isGone() {
        return relay.closed && node.closed;
    }

    /** Delivers the next item of one lane. False: there is none that may move. */
    boolean deliver(SplittableRandom random) {
        int first = random.nextInt(2);
        return deliver(first, random) || deliver(1 - first, random);
    }

    private boolean deliver(int direction, SplittableRandom random) {
        List<Lane> lanes = busy.get(direction);
        if (stalled[direction] || lanes.isEmpty()) {
            return false;
        }
        Lane lane = lanes.get(random.nextInt(lanes.size()));
        if (!greeted && direction == TO_NODE) {
            lane = relay.control;
            if (lane.items.isEmpty()) {
                return false;
            }
        }
        Item item = lane.take();
        if ((direction == TO_NODE ? node : relay).closed || broken && !(item instanceof Loss)) {
            item.drop();
        } else {
            item.deliver();
        }
        return true;
    }

    /** The connection breaks: each end will find out. */
    void cut() {
        broken = true;
        for (End end : List.of(relay, node)) {
            end.lane().add(new Loss(end.peer()));
        }
    }

    private record Loss(End of) implements Item {
        @Override
        public void deliver() {
            of.lost();
        }
    }

    void dropAll() {
        for (List<Lane> lanes : busy) {
            List.copyOf(lanes).forEach(Lane::clear);
        }
    }

    private long openStreams() {
        streams.removeIf(SimStream::isDone);
        return streams.size();
    }

    /** One end. */
    final class End implements Wire {
        final SimLoop loop;
        final int direction;
        final Lane control;
        boolean closed;
        private Wire.@Nullable Events events;

        End(SimLoop loop, int direction) {
            this.loop = loop;
            this.direction = direction;
            this.control = new Lane(busy.get(direction));
        }

        SimLink link() {
            return SimLink.this;
        }

        End peer() {
            return this == relay ? node : relay;
        }

        boolean isRelay() {
            return this == relay;
        }

        /** Of its own, or the one that all share. */
        Lane lane() {
            return tcp ? control : new Lane(busy.get(direction));
        }

        @Override
        public EventLoop loop() {
            return loop;
        }

        @Override
        public long nanoTime() {
            return clock.nanoTime();
        }

        @Override
        public String transport() {
            return tcp ? "tcp" : "quic";
        }

        @Override
        public SocketAddress remoteAddress() {
            return ADDRESS;
        }

        @Override
        public void events(Wire.Events receiver) {
            events = receiver;
        }

        @Override
        public void sendControl(Frame.Control frame) {
            if (closed) {
                Frame.release(frame);
                return;
            }
            control.add(new Item() {
                @Override
                public void deliver() {
                    peer().told().onControl(frame);
                }

                @Override
                public void drop() {
                    Frame.release(frame);
                }
            });
        }

        private Wire.Events told() {
            if (events == null) {
                throw new IllegalStateException("nobody listens yet");
            }
            return events;
        }

        @Override
        public WireStream open(WireStream.Events receiver) {
            SimStream mine = new SimStream(this, receiver);
            if (closed || !tcp && openStreams() >= maxStreams) {
                loop.execute(() -> mine.refused());
                return mine;
            }
            SimStream theirs = new SimStream(peer(), null);
            mine.connect(theirs);
            theirs.connect(mine);
            streams.add(mine);
            mine.opened(() -> theirs.receiver(peer().told().onStream(theirs)));
            return mine;
        }

        @Override
        public void close(Code code, String reason) {
            if (closed) {
                return;
            }
            closed = true;
            lane().add(() -> peer().closedByPeer(code, reason));
            if (events != null) {
                events.onClosed(code, reason);
            }
        }

        private void closedByPeer(Code code, String reason) {
            closed = true;
            if (events != null) {
                events.onClosed(code, reason);
            }
        }

        /** Its process was killed: it says nothing, and hears nothing. */
        void killed() {
            closed = true;
        }

        void lost() {
            if (!closed) {
                closedByPeer(Code.SESSION_LOST, "the connection broke");
            }
        }

        @Override
        public void stats(Consumer<WireStats> sink) {
            // Nothing is measured here.
        }
    }
}
